"""Flush: find out which results are still wanted, get the plan for exactly those, run it.

A result is live when Python still refers to its ``Value``: a tensor, or a gradient that saved it.
CPython's reference counts make that exact. An input is donatable when nobody refers to its value
or its memory any more: the plan may overwrite it, and does for parameters and optimiser state.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence, Set
from operator import attrgetter
from sys import getrefcount
from time import perf_counter_ns
from typing import Any, final

from rushlight.base import config
from rushlight.base.errors import InternalError
from rushlight.base.events import heard, publish
from rushlight.base.hot import hot
from rushlight.engine import drafted, twins
from rushlight.engine.collector import YOUNG, patience
from rushlight.engine.explain import explain
from rushlight.engine.picker import picker
from rushlight.engine.plan import CompiledPlan, Flight, Plan, make_hot, make_plan
from rushlight.engine.prune import CAST_LOOKS, PLAN_LOOKS, make_room
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.twins import Key, plan_like_another
from rushlight.engine.value import GONE, NOWHERE, Epoch, Value, inference_meta
from rushlight.ir.graph import Node, toposort
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer


@hot
class Stats:
    """Counters for tests and ``rushlight doctor``: flushes, plans made, nanoseconds planning."""

    __slots__ = ("flushes", "planning_ns", "plans")

    def __init__(self) -> None:
        self.flushes = 0
        self.plans = 0
        self.planning_ns = 0


stats = Stats()
_position = attrgetter("pos")
_NOTHING: frozenset[int] = frozenset()
_SPARED = 0.01  # share of the inputs' bytes that a plan may leave where it could overwrite them
# Of so many casts these say that a program goes on with ever new sizes: no plan of it runs twice,
# so that none says that it is a loop.
_EVERY, _HOT = (1 << 10) - 1, 64
_SALVAGE_LIMIT = 64  # plans that are tried for what a failed flush could still give


def _live_and_donatable(trace: Trace, given: Sequence[Buffer]) -> tuple[list[Value], list[int]]:
    """Results to compute, by position, and numbers of inputs that may be overwritten.

    ``given``: the inputs' memory.
    """
    values = trace.values
    # The last first, so that a dead view lets go of its parent before the parent is looked at.
    for place in reversed(trace.views):
        if getrefcount(values[place]) == 2:  # the list and the argument
            values[place] = GONE
    live: list[Value] = []
    # An unreferenced value has 3 references: the list, ``value`` and getrefcount's argument.
    for value in values:
        if getrefcount(value) > 3 and value.buffer is None and value.parent is None:
            live.append(value)
    if trace.shells:
        live = [each for each in live if not each.meta.shell]
    donatable: list[int] = []
    number = -1  # enumerate would hold a reference of its own
    for value in trace.inputs:
        number += 1
        # Also 3 (and the journal); the buffer: its value, ``given``, ``buffer`` and the argument
        # (and the plan that may make its next result there)
        if getrefcount(value) == 3 + value.journaled:
            buffer = given[number]
            if (
                getrefcount(buffer) == 4 + buffer.kept
                and buffer.owner is None
                and not buffer.exposures
            ):
                donatable.append(number)
    return live, donatable


@final
@hot
class Known:
    """What the last flush at a step found, and the references by which it did.

    A loop comes to the same step with the same references again and again: to compare them takes a
    third of the time of asking each value anew.
    """

    __slots__ = ("pick", "plan", "references")

    def __init__(
        self, references: list[int], values: list[Value], live: list[Value], plan: Plan
    ) -> None:
        places = {id(value): place for place, value in enumerate(values)}
        self.references = references
        self.pick = picker(tuple([places[id(value)] for value in live]))
        self.plan = plan


@hot
def _references(trace: Trace, given: Sequence[Buffer]) -> list[int]:
    """All that ``_live_and_donatable`` depends on in a plain trace that has come to this step."""
    references = [getrefcount(value) for value in trace.values]
    references += [getrefcount(value) for value in trace.inputs]
    references += [value.journaled for value in trace.inputs]
    references += [getrefcount(buffer) for buffer in given]
    references += [buffer.kept for buffer in given]
    return references


@hot
def flush(trace: Trace | None = None, *, over: bool = False) -> None:
    """Compute every live result of this thread's trace; leaves an empty trace.

    ``over``: what follows is no continuation of what was cut, see engine/turn.py.

    An interrupt before the run leaves the trace as it was; during or after it, the flight stays
    with the trace until it has landed.
    """
    trace = local.trace if trace is None else trace
    if trace.abstract:
        return
    if trace.step is not trace.root or trace.flight is not None:
        with trace.lock:
            if trace.flight is not None:
                land(trace)
            if trace.step is not trace.root:
                _take_off(trace, over)
    elif trace.continues is not None:
        trace.reset()


@hot
def _take_off(trace: Trace, over: bool) -> None:
    trace.repair_if_needed()
    trace.tape.clear()  # a graph that nobody has any more wants nothing
    if tail.held is not None:
        tail.settle()  # it holds memory that this plan may want to overwrite
    step = trace.step
    step.used = stats.flushes
    cut = None if over else step.cut
    try:
        given: Any = [value.buffer for value in trace.inputs]
        references = _references(trace, given) if trace.plain else None
        known = step.known
        if references is not None and known is not None and known.references == references:
            live, plan = known.pick(trace.values), known.plan
        else:
            live, plan = _look(trace, given, references)
        if live:
            flight = Flight.of(
                plan, live, trace.inputs, given, trace.scalars, trace.epoch, trace.journal, step,
            )  # fmt: skip
    except Exception as error:
        trace.epoch.failure = error
        _put_back(trace.journal, _NOTHING)
        trace.reset()
        raise
    if live:
        trace.reset(flight, cut)
        land(trace)
    else:
        trace.reset(None, cut)


def _look(
    trace: Trace, given: Sequence[Buffer], references: list[int] | None
) -> tuple[Sequence[Value], Plan | None]:
    """What is live, and the plan for it."""
    step = trace.step
    live, donatable = _live_and_donatable(trace, given)
    if not live:
        return live, None
    key = (tuple(map(_position, live)), tuple(donatable))
    plan = step.plans.get(key)
    if plan is None:
        plan = _less_donated(trace, key) or _make(trace, live, key)
        step.plans[key] = plan
    if references is not None:
        step.known = Known(references, trace.values, live, plan)
    return live, plan


@hot
def land(trace: Trace) -> None:
    """Run the trace's flight if it has not run yet, and give its values what it made."""
    flight = trace.flight
    assert flight is not None
    plan = flight.plan
    try:
        if flight.results is None or not plan.finished(flight):
            plan.run(flight)
    except BaseException as error:
        _crashed(trace, flight, error)
        raise
    assert flight.results is not None
    for value, buffer in zip(flight.live, flight.results):  # noqa: B905  one for each
        value.buffer = buffer
        value.epoch = NOWHERE
    if trace.inference:
        # Not those that were written into a tensor: it stays what it was.
        for value in flight.live:
            if value.version == 0:
                value.meta = inference_meta(value.meta)
    stats.flushes += 1
    trace.flight = None


def _crashed(trace: Trace, flight: Flight, error: BaseException) -> None:
    """The run failed: undo what it did, keep what does not depend on it, name the user's line."""
    plan = flight.plan
    if plan.finished(flight) or not (plan.lost or isinstance(error, Exception)):
        return
    named = explain(flight, error) if isinstance(error, IndexError) else error
    flight.epoch.failure = named
    _put_back(flight.journal, {id(flight.inputs[number]) for number in plan.lost})
    _salvage(flight, plan.lost)
    trace.flight = None
    if named is not error:
        raise named from None


def _put_back(journal: Sequence[tuple[Any, Value]], lost: Set[int]) -> None:
    """A failed step never happened: tensors written to in it get the values they had before.

    Not those whose memory the plan had already overwritten: they say so when they are read.
    """
    for tensor, old in reversed(journal):
        if id(old) not in lost and tensor._storage is None:
            tensor._value = old
            old.overwritten = False
            old.journaled = False


def _salvage(flight: Flight, lost: frozenset[int]) -> None:
    """Compute what does not depend on the operation that failed: all at once, else each half."""
    nodes = flight.step.all_nodes()
    number = -1  # enumerate would hold a reference of its own
    wanted: list[int] = []
    for value in flight.live:
        number += 1
        # The list, ``value`` and the argument: nobody else wants it.
        if getrefcount(value) <= 3 or value.buffer is not None:
            continue
        needs = toposort([nodes[value.pos]])
        if not any(each.op == "input" and each.attrs["index"] in lost for each in needs):
            wanted.append(number)
    waiting, tried = [wanted] if wanted else [], 0
    while waiting and tried < _SALVAGE_LIMIT:
        tried += 1
        group = waiting.pop()
        values = [flight.live[number] for number in group]
        try:
            sinks = [nodes[value.pos] for value in values]
            step, epoch = flight.step, flight.epoch
            _fly(_apart(step, values, sinks, flight.inputs, flight.scalars, epoch))
        except Exception as error:
            if len(group) == 1:  # what it is made of failed: said when read
                publish("lost", value=values[0], error=error)
            else:
                half = len(group) // 2
                waiting += [group[:half], group[half:]]


def _apart(
    step: Step, values: Sequence[Value], nodes: Sequence[Node], inputs: Sequence[Value],
    scalars: Sequence[Any], epoch: Epoch,
) -> Flight:  # fmt: skip
    """The flight of some values recorded up to ``step`` alone: it overwrites nothing."""
    plan = make_plan(nodes, step.inputs, step.scalars, frozenset())
    given = [value.buffer for value in inputs]
    return Flight.of(plan, values, inputs, given, scalars, epoch, (), step)


def _fly(flight: Flight) -> None:
    """Run it, and give its values what it made."""
    flight.plan.run(flight)
    assert flight.results is not None
    for value, buffer in zip(flight.live, flight.results, strict=True):
        value.buffer = buffer
        value.epoch = NOWHERE


def _less_donated(trace: Trace, key: Key) -> Plan | None:
    """A plan of the same results that takes permission to overwrite all but little of the inputs.

    The second step of a network with two equal biases (a block's last one and its shortcut's in a
    ResNet: equal gradients, equal updates) finds each pair in one buffer, which it may not
    overwrite; the third finds two. The plan of the second serves both: whole networks take seconds
    to plan, and what it costs is fresh memory for those few results.
    """
    live, donatable = key
    best: Plan | None = None
    least = _SPARED * sum(value.meta.nbytes for value in trace.inputs)
    for (other, fewer), plan in trace.step.plans.items():
        if other == live and len(fewer) < len(donatable):
            spared = set(donatable).difference(fewer)
            if len(spared) + len(fewer) == len(donatable):
                more = sum(trace.inputs[number].meta.nbytes for number in spared)
                if more < least:
                    best, least = plan, more
    return best


def _make(trace: Trace, live: Sequence[Value], key: Key) -> Plan:
    # Planning makes objects by the hundred thousand and next to no garbage: Python's collector,
    # which counts new objects, would look through all of them again and again (ResNet-152: 1.18 s
    # of planning with it, 0.70 without).
    patience.for_step(len(trace.values))
    collecting = gc.isenabled()
    try:
        gc.disable()  # in here: Ctrl-C comes at the end of a call
        plan, looks = _planned(trace, live, key)
        step = trace.step
        if step.used >= 0:  # it has not been dropped from the trie again
            trace.planned += step.count + plan.weight
            if not step.plans:
                make_room(trace, step, looks)
        return plan
    finally:
        if collecting:
            gc.enable()


def _planned(trace: Trace, live: Sequence[Value], key: Key) -> tuple[Plan, int]:
    """A new plan, and how often it is looked at in vain before it goes."""
    start = perf_counter_ns()
    step = trace.step
    stats.plans += 1
    if trace.phrases.met(step, stats.flushes):
        trace.phrases.cut(step)
    if not config.INTERPRET:
        made = plan_like_another(trace, key)
        if made is not None:
            stats.planning_ns += perf_counter_ns() - start
            if twins.stats.casts & _EVERY == _HOT:
                make_hot()
                patience.for_objects(YOUNG)
            return CompiledPlan(made, step.inputs, step.scalars), CAST_LOOKS
    nodes = trace.nodes()
    sinks = [nodes[value.pos] for value in live]
    plan = make_plan(sinks, step.inputs, step.scalars, frozenset(key[1]))
    stats.planning_ns += perf_counter_ns() - start
    if heard("plan"):
        publish(
            "plan",
            sinks=sinks,
            seconds=1e-9 * (perf_counter_ns() - start),
        )
    return plan, PLAN_LOOKS


def compute(trace: Trace, value: Value) -> None:
    """Compute one value of another thread's trace, leaving that trace as it is.

    Nothing is donated, and the values stay where they are in that trace. Its thread may go on
    recording meanwhile, but not flush.
    """
    with trace.lock:
        if trace.flight is not None and trace.flight.epoch is value.epoch:
            land(trace)
        if value.buffer is not None:
            return
        # What is being recorded at this moment is not complete: step back to what is.
        step, inputs, scalars = trace.step, list(trace.inputs), list(trace.scalars)
        while step.parent is not None and (
            step.inputs > len(inputs) or len(step.scalars) > len(scalars)
        ):
            step = step.parent
        nodes = step.all_nodes()
        if value.epoch is not trace.epoch or value.pos >= len(nodes):
            raise InternalError(f"{value} has not been recorded")
        known, numbers = inputs[: step.inputs], scalars[: len(step.scalars)]
        flight = _apart(step, (value,), [nodes[value.pos]], known, numbers, trace.epoch)
        try:
            _fly(flight)
        except IndexError as error:
            raise explain(flight, error) from None
        trace.plain = False


def clear() -> None:
    """Flush, then forget this thread's trie and plans: tests start from here."""
    flush(local.trace)
    local.trace.forget()
    drafted.clear()
