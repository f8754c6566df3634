"""Plans: how the live results of a trace are computed, made once per step, live set and donation.

A compiled plan is a program that one native call runs. Where a graph holds a primitive or dtype
that has no lowering, or RUSHLIGHT_INTERPRET is set, the plan runs the reference interpreter; that
is decided by what the graph holds, never by how often it ran, and ``base.events`` tells of it
(topic "interpreted").
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from struct import Struct
from sys import getrefcount
from typing import Any, Protocol, final

import numpy as np

from rushlight.base import config
from rushlight.base.dtype import dtype as DType
from rushlight.base.events import publish
from rushlight.base.hot import hot
from rushlight.compiler import kept
from rushlight.compiler.plan import Fresh, Output, SameAs
from rushlight.compiler.plan import Plan as Made
from rushlight.compiler.sharing import ways
from rushlight.engine.interpreted import InterpretedPlan
from rushlight.engine.picker import picker
from rushlight.engine.prepared import Prepared, Waiting
from rushlight.engine.trace import Step
from rushlight.engine.value import Epoch, Value
from rushlight.engine.watch import run_watched, show, watch, watchers
from rushlight.ir.graph import Node, toposort
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer, pool, take_all
from rushlight.runtime.executor import Command, Failure, HostCall
from rushlight.runtime.native import call_at
from rushlight.runtime.pool import get_num_threads
from rushlight.runtime.tail import Tail
from rushlight.runtime.tryout import Tryout

DIVISION_BY_ZERO = 2  # what a kernel returns; 1 is an index out of range
Numbers = Sequence[float | int | bool]
_made = object.__new__
KEPT_ARENA = 1024  # bytes
# What a plan that runs again and again may keep for its next run, and all of them together.
_KEPT_BYTES = 256 * 1024
_kept_left = 32 * 1024 * 1024
_STEP_BYTES = 2048
_NONE: frozenset[int] = frozenset()
# References to memory that only its plan has: the list, a comprehension's variable, the argument.
_NOBODYS = 3
# Of so many runs of a program, these begin trials of how its commands are shared, and of whether
# its end may run while Python goes on. Each is tried again with what was found for the other, and
# not only in the same tenth of a second: another process may have been in the way.
_EVERY = (1 << 12) - 1
_SHARING = frozenset((96, 640))
_TAILS = frozenset((4, 256, 1664))
if config.DEBUG >= 1:
    watch(show)


class BadIndex(IndexError):
    """A kernel found an index out of range: ``site`` recorded it (engine/explain.py says more)."""

    def __init__(self, site: Any, message: str) -> None:
        super().__init__(message)
        self.site = site


class Plan(Protocol):
    """Runs on a flight's inputs and numbers; sets its results, one buffer for each live one."""

    lost: frozenset[int]  # inputs no longer intact when the last run failed
    weight: int  # steps of the trie that take as much memory

    def run(self, flight: Flight) -> None: ...

    def finished(self, flight: Flight) -> bool: ...


@final
@hot
class Flight:
    """One run of a plan: all that it needs, and what it made.

    Ctrl-C may come between any two bytecodes, most likely just after the native call. So a flight
    knows by itself whether it ran: whoever needs its results next lets it land again.
    """

    __slots__ = (
        "epoch", "given", "inputs", "journal", "live", "plan", "results", "scalars", "step",
        "ticket",
    )  # fmt: skip

    plan: Plan
    live: Sequence[Value]
    inputs: Sequence[Value]
    given: Sequence[Any]  # the memory of the inputs
    scalars: Numbers
    epoch: Epoch
    journal: Sequence[tuple[Any, Value]]
    step: Step  # the end of the path that was recorded
    ticket: int  # runs of the program before this one
    results: Sequence[Buffer] | None

    @staticmethod
    @hot
    def of(
        plan: Plan, live: Sequence[Value], inputs: Sequence[Value], given: Sequence[Any],
        scalars: Numbers, epoch: Epoch, journal: Sequence[tuple[Any, Value]], step: Step,
    ) -> Flight:  # fmt: skip
        """One that has not run. (A class with an ``__init__`` takes twice as long to call.)"""
        flight = _made(Flight)
        flight.plan = plan
        flight.live = live
        flight.inputs = inputs
        flight.given = given
        flight.scalars = scalars
        flight.epoch = epoch
        flight.journal = journal
        flight.step = step
        flight.ticket = -1
        flight.results = None
        return flight


def make_hot(wait: bool = False) -> None:
    """A program runs a plan again and again: the functions that record it become machine code."""
    from rushlight.runtime.hot.begin import begin  # only who has a loop pays for it

    begin(wait)


def make_plan(
    sinks: Sequence[Node], n_inputs: int, scalar_dtypes: Sequence[DType], donatable: frozenset[int]
) -> Plan:
    """Compile the graph of ``sinks``; see the module's text for when it is interpreted instead."""
    inputs: list[Node | None] = [None] * n_inputs
    scalars: list[Node | None] = [None] * len(scalar_dtypes)
    order = toposort(sinks)
    for node in order:
        if node.op == "input":
            inputs[node.attrs["index"]] = node
        elif node.op == "scalar":
            scalars[node.attrs["index"]] = node
    if config.HOT == 1:
        make_hot(wait=True)
    if config.INTERPRET:
        return InterpretedPlan(sinks, n_inputs)
    try:
        key = kept.key_of(order, sinks, n_inputs, donatable)
        plan = kept.find(key, order)
        if plan is None:
            # Imported with the first plan that is made: ``import rushlight`` compiles nothing, nor
            # does a process that finds all its plans on the disk.
            from rushlight.compiler.pipeline import compile_graph

            plan = compile_graph(sinks, inputs, scalars, donatable)  # type: ignore[arg-type]
            kept.keep(key, plan, order)
    except NotImplementedError as reason:
        publish("interpreted", reason=str(reason), nodes=len(order))
        return InterpretedPlan(sinks, n_inputs)
    return CompiledPlan(plan, n_inputs, scalar_dtypes)


@final
@hot
class CompiledPlan:
    """A program, and where each result lies after it ran."""

    __slots__ = (
        "address", "arena", "arena_bytes", "ended", "entry", "fresh", "fresh_bytes", "header",
        "kept", "kept_bytes", "lost", "outputs", "over", "pack", "pack_scalars", "packed", "pick",
        "plan", "prepared", "program", "scalars", "scalars_address", "table", "tail", "tryout",
        "waiting", "way", "weight",
    )  # fmt: skip

    packed: list[int] | None  # what is in the table
    tryout: Tryout | None
    tail: Tail | None
    way: Sequence[bool] | None  # how commands are shared since the last trial
    prepared: Prepared | None

    def __init__(self, plan: Made, n_inputs: int, scalar_dtypes: Sequence[DType]) -> None:
        self.outputs = plan.outputs
        self.arena_bytes = plan.arena_bytes
        # A small one is kept; more than that waits in the pool for whoever needs it next.
        self.arena = Buffer(self.arena_bytes) if self.arena_bytes <= KEPT_ARENA else None
        self.fresh = tuple(
            (each.nbytes, *pool.home(each.nbytes))
            for each in plan.outputs
            if isinstance(each, Fresh)
        )
        # The results among (memory of the inputs, fresh memory).
        self.pick: Any = picker(_places(plan.outputs, n_inputs))
        self._run_by(plan)
        kinds = "".join("d" if kind.is_floating_point else "q" for kind in scalar_dtypes)
        self.scalars = np.zeros(max(len(kinds), 1), np.int64)
        self.pack_scalars: Any = Struct(kinds).pack_into
        self.scalars_address: int = self.scalars.ctypes.data
        self.fresh_bytes = sum(size for size, *_ in self.fresh)
        # The results of the last run: those that nobody refers to are the next one's.
        self.kept: list[Buffer] | None = None
        self.kept_bytes = 0
        self.lost = _NONE
        self.weight = plan.program.nbytes // _STEP_BYTES
        self.over = tuple(plan.overwrites)
        # Whether it packs what may turn out not to change, and then what it keeps of that.
        self.waiting = Waiting() if plan.prepares else None

    @hot
    def run(self, flight: Flight) -> None:
        """One native call. Where the results will lie is set before it, valid once it ended."""
        if tail.held is not None:
            tail.settle()
        scalars = flight.scalars
        if scalars:
            self.pack_scalars(self.scalars, 0, *scalars)
        arena = self.arena or Buffer(self.arena_bytes)
        given = flight.given
        for place in self.over:
            if given[place].version > 0:
                given[place].version = 0
        if self.waiting is not None:
            self._look(self.waiting, given)
        if self.prepared is not None and not self.prepared.ready(given):
            self._exchange(self.prepared.before, None)
        fresh = take_all(self.fresh) if self.kept is None else self._taken_again(self.kept)
        addresses = [buffer.address for buffer in given]
        addresses += (self.scalars_address, arena.address)
        addresses += [buffer.address for buffer in fresh]
        if self.prepared is not None:
            addresses.append(self.prepared.block.address)
        if addresses != self.packed:  # a loop runs in the same memory again and again
            self.packed = None
            self.pack(self.table, 0, *addresses)
            self.packed = addresses
        self.lost = _NONE
        ticket = flight.ticket = self.ended.value
        flight.results = self.pick((*given, *fresh))
        if ticket & _EVERY in _SHARING:
            self._begin_tryout()
        elif ticket & _EVERY in _TAILS:
            make_hot()
            self._begin_tail()
            if self.kept is None:
                self._keep(fresh, arena)
        if watchers:
            failure = run_watched(self.plan, self.address, self.fresh_bytes)
        elif self.tryout is not None:
            failure = self.tryout.run(self.address)
            self._end_tryout()
        else:
            if self.tail is None:
                code = call_at(self.entry, self.header, self.address)
            else:
                code = self.tail.run(self.address, flight.results, (given, fresh, (arena,)))
                if not self.tail.some:
                    self.tail = None
            failure = self.program.failure(code) if code else None
        if failure is not None:
            self._fail(failure)

    def _look(self, waiting: Waiting, given: Sequence[Buffer]) -> None:
        prepared = waiting.look(self.plan, given)
        if prepared is not None:
            self._exchange(prepared.plan, prepared)
        if prepared is not None or waiting.over:
            self.waiting = None

    def _exchange(self, plan: Made, prepared: Prepared | None) -> None:
        """From this run on, run another program: runs are counted on, what was tried is not."""
        plan.program.ended.value = self.ended.value
        self._run_by(plan, prepared)

    def _run_by(self, plan: Made, prepared: Prepared | None = None) -> None:
        program, table = plan.program, np.zeros(plan.slots, np.int64)
        pack = Struct(f"{plan.slots}q").pack_into
        entry, header, ended = program.entry, program.address, program.ended
        address = table.ctypes.data
        # No call from here on: Ctrl-C comes with calls, and all this belongs together.
        self.plan = plan
        self.program = program
        self.entry = entry
        self.header = header
        self.ended = ended
        self.table = table
        self.pack: Any = pack
        self.packed = None
        self.address: int = address
        self.tryout = self.tail = self.way = None
        self.prepared = prepared

    def _fail(self, failure: Failure) -> None:
        writes = self.plan.overwrites
        self.lost = frozenset(i for i, first in writes.items() if first <= failure.command)
        raise self._error(failure)

    def _keep(self, fresh: list[Buffer], arena: Buffer) -> None:
        """From this run on, keep its small memory: to give it back and take it again costs more
        than all else that is done for it."""
        global _kept_left
        size = self.fresh_bytes + self.arena_bytes
        if size <= min(_KEPT_BYTES, _kept_left):
            _kept_left -= size
            self.kept_bytes, self.kept, self.arena = size, fresh, arena
            for each in fresh:
                each.kept, each.version = True, 0  # the next run may write to it

    @hot
    def _taken_again(self, kept: list[Buffer]) -> list[Buffer]:
        """Memory for the results: the last run's, where it has become nobody's."""
        counts = [getrefcount(buffer) for buffer in kept]
        if counts.count(_NOBODYS) != len(counts):
            self._replace(kept, counts)
        return kept

    def _replace(self, kept: list[Buffer], counts: list[int]) -> None:
        for place, count in enumerate(counts):
            if count != _NOBODYS:
                kept[place].kept = False
                kept[place] = made = Buffer(self.fresh[place][0])
                made.kept = True

    def __del__(self) -> None:
        global _kept_left
        _kept_left += self.kept_bytes
        for each in self.kept or ():
            each.kept = False

    def _begin_tryout(self) -> None:
        """From this run on, look which way of sharing its commands is the fastest."""
        commands, plan = self.program.commands, self.plan
        if self.tryout is not None or get_num_threads() == 1:
            return
        planned = [not command.serial and command.chunks > 1 for command in commands]
        others = ways([command.chunks for command in commands], plan.costs, planned)
        before = self.way if self.way is not None else planned
        tried = [before, *(way for way in (planned, *others) if way != before)]
        if len(tried) > 1:
            self.tryout = Tryout(self.program, tried)

    def _end_tryout(self) -> None:
        tryout = self.tryout
        if tryout is not None and tryout.over:
            self.way, self.tryout = tryout.ways[0], None

    def _begin_tail(self) -> None:
        """From this run on, look whether a worker may run the end of the program."""
        if get_num_threads() > 1:
            commands = self.program.commands
            sure = [command.sure for command in commands]
            self.tail = Tail(self.program, sure, _ready(commands, self.outputs), self)

    def finished(self, flight: Flight) -> bool:
        """Whether the program ran to its end for this flight."""
        return flight.results is not None and self.program.runs != flight.ticket

    def _error(self, failure: Failure) -> BaseException:
        """The exception for what a kernel reported, with the user's line."""
        if failure.code == HostCall.FAILED:
            from rushlight.compiler.kernels.host import take_error

            error = take_error()
            if error is not None:
                return error
        site = self.plan.site(failure.command)
        where = f" ({site})" if site is not None else ""
        if failure.code == DIVISION_BY_ZERO:
            return RuntimeError(f"ZeroDivisionError: integer division by zero{where}")
        return BadIndex(site, f"index out of range in self: an index is too large{where}")


def _places(outputs: Sequence[Output], n_inputs: int) -> tuple[int, ...]:
    places: list[int] = []
    fresh = itertools.count(n_inputs)
    for output in outputs:
        if isinstance(output, Fresh):
            places.append(next(fresh))
        else:
            places.append(output.index if isinstance(output, SameAs) else places[output.index])
    return tuple(places)


def _ready(commands: Sequence[Command], outputs: Sequence[Output]) -> list[int]:
    """For each result the number of commands after which it is there and nobody looks at it."""
    last = {
        slot: number + 1 for number, command in enumerate(commands) for slot, _ in command.pointers
    }
    slots: list[int] = []
    for output in outputs:
        if isinstance(output, Fresh):
            slots.append(output.slot)
        else:
            slots.append(output.index if isinstance(output, SameAs) else slots[output.index])
    return [last.get(slot, 0) for slot in slots]


__all__ = ["BadIndex", "CompiledPlan", "Flight", "InterpretedPlan", "Plan", "make_plan"]
