"""Flush: find out which results are still wanted, get the plan for exactly those, run it.

A result is live when Python still refers to its ``Value``: a tensor, or a gradient that saved it.
CPython's reference counts make that exact. An input is donatable when nobody refers to its value
or its memory any more: the plan may overwrite it, and does for parameters and optimiser state.
"""

from __future__ import annotations

import os
from sys import getrefcount
from time import perf_counter_ns

from rushlight.base.errors import InternalError
from rushlight.base.events import heard, publish
from rushlight.engine.plan import Plan, make_plan
from rushlight.engine.trace import Trace, local
from rushlight.engine.value import NOWHERE, Value
from rushlight.ir.graph import Node
from rushlight.runtime.buffer import Buffer


class Stats:
    """Counters for tests and ``rushlight doctor``: flushes, plans made, nanoseconds planning."""

    flushes = 0
    plans = 0
    planning_ns = 0


stats = Stats()


def _live_and_donatable(trace: Trace) -> tuple[list[int], list[int]]:
    """Positions of results to compute, and numbers of inputs that may be overwritten."""
    values: list[Value | None] = trace.values  # type: ignore[assignment]
    live: list[int] = []
    # Backwards, so that a dead view lets go of its parent before the parent is looked at.
    # An unreferenced value has 3 references: the list, ``value`` and getrefcount's argument.
    for place in range(len(values) - 1, -1, -1):
        value = values[place]
        assert value is not None
        if value.parent is not None:
            if getrefcount(value) == 3:
                values[place] = None
        elif value.buffer is None and getrefcount(value) > 3:
            live.append(place)
    live.reverse()
    donatable: list[int] = []
    value = None
    inputs = trace.inputs
    for number in range(len(inputs)):  # enumerate would hold a reference of its own
        each = inputs[number]
        # values, inputs, ``each``, the argument (and the journal); the buffer: its value, ``buffer``
        # and the argument
        if getrefcount(each) == 4 + each.journaled:
            buffer = each.buffer
            if getrefcount(buffer) == 3 and buffer.owner is None and not buffer.exposures:  # type: ignore[union-attr]
                donatable.append(number)
    return live, donatable


def flush(trace: Trace | None = None) -> None:
    """Compute every live result of this thread's trace; leaves an empty trace."""
    trace = local.trace if trace is None else trace
    if not trace.values:
        return
    if len(trace.values) != trace.step.count:
        trace.repair()
    step, values, inputs, epoch = trace.step, trace.values, trace.inputs, trace.epoch
    done: list[Buffer] | None = None
    plan: Plan | None = None
    live: list[int] = []
    try:
        live, donatable = _live_and_donatable(trace)
        if live:
            key = (tuple(live), tuple(donatable))
            plan = step.plans.get(key)
            if plan is None:
                plan = step.plans[key] = _make(trace, live, donatable)
            done = plan.run(inputs, trace.scalars)
            stats.flushes += 1
    except BaseException as error:
        epoch.failure = error
        if done is None:
            lost = plan.lost if plan is not None else frozenset()
            _put_back(trace, {id(inputs[number]) for number in lost})
        raise
    finally:
        # Also after Ctrl-C between the run and here: what was computed must reach its values.
        trace.reset()
        if done is not None:
            for place, buffer in zip(live, done, strict=True):
                value = values[place]
                value.buffer = buffer
                value.epoch = NOWHERE
        values.clear()
        inputs.clear()


def _put_back(trace: Trace, lost: set[int]) -> None:
    """A failed step never happened: tensors written to in it get the values they had before.

    Not those whose memory the plan had already overwritten: they say so when they are read.
    """
    for tensor, old in reversed(trace.journal):
        if id(old) not in lost and tensor._storage is None:
            tensor._value = old
            old.overwritten = False
            old.journaled = False


def _make(trace: Trace, live: list[int], donatable: list[int]) -> Plan:
    start = perf_counter_ns()
    nodes = trace.nodes()
    step = trace.step
    plan = make_plan(
        [nodes[place] for place in live], step.inputs, step.scalars, frozenset(donatable)
    )
    stats.plans += 1
    stats.planning_ns += perf_counter_ns() - start
    if heard("plan"):
        publish("plan", sinks=[nodes[place] for place in live], seconds=1e-9 * (perf_counter_ns() - start))
    return plan


def compute(trace: Trace, value: Value) -> None:
    """Compute one value of another thread's trace, leaving that trace as it is.

    Nothing is donated, and that thread computes the value again (the same bits) when it flushes.
    """
    step, inputs = trace.step, list(trace.inputs)
    scalars = list(trace.scalars)
    nodes: list[Node] = []
    path = step
    steps = []
    while path is not None:
        steps.append(path)
        path = path.parent  # type: ignore[assignment]
    for each in reversed(steps):
        nodes.extend(each.nodes)
    if value.pos >= len(nodes):
        raise InternalError(f"{value} has not been recorded")
    plan = make_plan([nodes[value.pos]], step.inputs, step.scalars, frozenset())
    (buffer,) = plan.run(inputs[: step.inputs], scalars[: len(step.scalars)])
    value.buffer = buffer
    value.epoch = NOWHERE


# A child process starts with nothing pending: what the parent recorded is computed before the fork.
os.register_at_fork(before=lambda: flush(local.trace))


def clear() -> None:
    """Flush, then forget this thread's trie and plans: tests start from here."""
    flush(local.trace)
    local.trace.forget()
