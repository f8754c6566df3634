"""The trace and the trie: what a thread has recorded since its last flush.

Recording an operation looks one key up in the children of the step reached so far:

    (op or call, positions of its tensors, constants as the user wrote them)

A hit is a ``Step`` that knows the shapes and dtypes of the results: nothing is inferred, built or
hashed again. A miss builds the operation's graph once (``Trace.miss``) and hangs a new step under
the current one. The path from the root to a step determines the graph completely, so plans are
kept on steps.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from rushlight.base.dtype import bool_, float64, get_default_dtype, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.base.hot import hot
from rushlight.base.warn import recording
from rushlight.engine.call import Call, flatten
from rushlight.engine.drafted import piece_of
from rushlight.engine.enter import enter_copy, enter_shell, enter_sliding
from rushlight.engine.exposure import copy_of, exposed
from rushlight.engine.phrase import Phrases
from rushlight.engine.prune import prune
from rushlight.engine.site import user_site
from rushlight.engine.step import BYTES_LIMIT, Step
from rushlight.engine.turn import Rounds, Turn
from rushlight.engine.value import (
    NOWHERE,
    Epoch,
    Meta,
    Value,
    meta_of,
    require_room,
    shell_meta,
    values_at,
)  # fmt: skip
from rushlight.engine.window import moving
from rushlight.ir import build
from rushlight.ir.graph import Node

if TYPE_CHECKING:
    from rushlight.engine.plan import Flight

# Steps of a trie before it is pruned. A plan counts as what it was made from and by the memory of
# its program: of a long recurrent layer, a single call, that is megabytes.
STEP_LIMIT = 1 << 18
TRACE_LIMIT = 1 << 13  # operations of a trace before it is flushed

_made = object.__new__
_SCALAR_DTYPES: dict[type, DType] = {float: float64, int: int64, bool: bool_}


@hot
class Trace:
    """What one thread has recorded since its last flush, and the trie it walks."""

    abstract = False  # whether it is of one sample among many, and has no values: engine/samples.py

    __slots__ = (
        "__weakref__", "_nodes", "_nodes_step", "autocast", "continues", "default", "ends",
        "epoch", "families", "flight", "grad", "ground", "inference", "inputs", "journal", "lock",
        "phrases", "pieces", "plain", "planned", "root", "rounds", "scalars", "shells", "step",
        "steps", "tape", "turns", "uncut", "values", "varies", "views", "waits",
    )  # fmt: skip

    def __init__(self) -> None:
        self.autocast: DType | None = None  # see tensor/autocast.py
        self._forget()
        self.default = get_default_dtype()
        self.grad = True  # whether gradients are recorded: per thread, as in PyTorch
        self.inference = False
        self.flight: Flight | None  # of the epoch before, until it has landed
        self.lock = threading.RLock()  # held while it flushes, or another thread computes from it
        self.reset()

    @hot
    def reset(self, flight: Flight | None = None, cut: Turn | None = None) -> None:
        """Start an empty trace at the root of the trie; what it held has become ``flight``.

        ``cut``: what it is a continuation of, see engine/turn.py.
        """
        default = get_default_dtype()
        if self.default is not default:
            # What an integer divided by two is depends on the default dtype: another trie.
            self.default = default
            self._forget()
            cut = None
        elif self.steps + self.planned > STEP_LIMIT:
            prune(self, STEP_LIMIT // 2)
        epoch = _made(Epoch)  # Epoch(self), spelled out: every flush makes one
        epoch.failure = None
        epoch.trace = self
        root = self.ground if cut is None else cut.root
        # No calls from here on: an interrupt finds all of it done, or nothing.
        self.flight = flight
        self.epoch = epoch
        self.continues: Turn | None = cut  # what this goes on from
        self.step = self.root = root
        # Results that somebody may want and views that were read, by position: not inputs, nor
        # what a known backward pass makes on its way.
        self.values: list[Value] = []
        self.views: list[int] = []  # which of ``values`` are views
        # Whether step and references tell what is wanted of it: there is no memory of others.
        self.plain = True
        # Nodes of the gradient graph, in the order they were made: see tensor/replay.py.
        self.tape: list[Any] = []
        self.inputs: list[Value] = []
        self.scalars: list[float | int | bool] = []
        # (tensor, the concrete value it had before it was written to in place)
        self.journal: list[tuple[Any, Value]] = []
        self._nodes: list[Node] = []
        self._nodes_step: Step | None = self.root

    @property
    def pending(self) -> bool:
        """Whether anything is recorded that a flush would run or drop."""
        return self.step is not self.root

    def forget(self) -> None:
        """Drop the trie and all plans in it (the trace must be empty): everything is new again."""
        if self.pending:
            raise InternalError("Trace.forget: flush first")
        self._forget()
        self.reset()

    def _forget(self) -> None:
        """An empty trie, of which nothing is known."""
        self.root = self.ground = Step(None, None)
        self.steps: int = 0
        self.planned: int = 0  # what plans count as
        # Ends of traces that have plans, when they were last met, and how often they will be looked
        # at in vain: engine/prune.py.
        self.ends: deque[tuple[Step, int, int]] = deque()
        # What traces that differ in sizes only have in common: see engine/twins.py.
        self.families: dict[Any, Any] = {}
        self.pieces: dict[Any, Any] = {}
        self.shells = False  # whether it has ever met a tensor without elements
        self.varies = False  # whether traces have come that are like others but for their sizes
        self.uncut = 0  # positions of the longest one that had a plan like another's
        self.turns: dict[Any, Turn] = {}  # see engine/turn.py
        self.waits: set[Any] = set()  # tokens of turns in loops with gradients
        self.rounds = Rounds()
        self.phrases = Phrases()

    @hot
    def repair_if_needed(self) -> None:
        """``repair`` where an interrupt has left its marks."""
        step, values = self.step, self.values
        if (
            step.inputs != len(self.inputs)
            or len(step.scalars) != len(self.scalars)
            or (values and values[-1].pos >= step.count)
        ):
            self.repair()

    def repair(self) -> None:
        """After an interrupted record: step back to where lists and trie agree."""
        step = self.step
        while step.parent is not None and (
            step.inputs > len(self.inputs) or len(step.scalars) > len(self.scalars)
        ):
            step = step.parent
        self.step = step
        values = self.values
        while values and values[-1].pos >= step.count:
            del values[-1]
        while self.views and self.views[-1] >= len(values):
            del self.views[-1]
        del self.inputs[step.inputs :]
        del self.scalars[len(step.scalars) :]
        self._nodes = []
        self._nodes_step = self.root

    def nodes(self) -> list[Node]:
        """The node of every position so far."""
        missing: list[Step] = []
        step: Step | None = self.step
        while step is not None and step is not self._nodes_step:
            missing.append(step)
            step = step.parent
        if step is None:
            self._nodes = []
        self._nodes_step = None  # an interrupt in what follows leaves a list to start over
        for each in reversed(missing):
            known = self._nodes
            known += each.nodes if each.nodes is not None else each.build(known)
        self._nodes_step = self.step
        if len(self._nodes) != self.step.count:
            raise InternalError(f"trace holds {len(self._nodes)} nodes, trie {self.step.count}")
        return self._nodes

    @hot
    def enter(self, value: Value, moves: bool = True) -> int:
        """Make a value of an earlier epoch part of this trace; its position.

        ``moves``: a view may be taken in as a copy, see engine/window.py.
        """
        buffer = value.buffer
        if buffer is not None and buffer.owner is None and not buffer.exposures:
            # In this order: a value that an interrupt leaves unmarked is only entered once more.
            known = self.step.children.get(value.meta)
            if known is None:
                step = self.take_in(value.meta)
            else:
                self.step = step = known
            self.inputs.append(value)
        elif value.parent is not None:
            window = moving(self, value) if moves else None
            if window is not None:
                return enter_sliding(self, value, *window)
            parent, recipe, values = value.parent, value.recipe, self.values
            inside = parent.epoch is self.epoch
            place = parent.pos if inside else self.enter(parent, False)
            key = (recipe, place)
            known = self.step.children.get(key)
            step = self.miss(key, recipe, (place,), (parent.meta,), ()) if known is None else known  # type: ignore[arg-type]
            self.step = step
            self.views.append(len(values))
            values.append(value)
            value.pos = start = step.start
            if parent.epoch is not self.epoch:  # its memory is exposed: read anew every time
                return start
        else:
            if value.meta.shell:
                return enter_shell(self, value)
            if value.buffer is None:
                from_other_thread(value)
            buffer = value.buffer
            assert buffer is not None
            if exposed(buffer):
                # Others may write to this memory at any time: the operation gets a copy.
                return enter_copy(self, value, copy_of(buffer), True)
            self.plain = False
            step = self.take_in(value.meta)
            self.inputs.append(value)
        value.pos = step.start
        value.epoch = self.epoch
        return step.start

    @hot
    def take_in(self, meta: Meta, key: Any = None) -> Step:
        """Go on to the step that takes in an array of this kind, found under ``key`` if given."""
        key = meta if key is None else key
        step = self.step.children.get(key)
        if step is None:
            step = Step(self.step, None)
            step.entered = meta
            step.nodes = None
            step.inputs += 1
            step.count += 1
            self._keep(key, step)
        self.step = step
        return step

    @hot
    def _keep(self, key: Any, step: Step) -> None:
        self.step.children[key] = step
        self.steps += 1

    @hot
    def miss(
        self, key: Any, call: Call, places: tuple[int, ...], metas: tuple[Meta, ...],
        numbers: Sequence[Any],
    ) -> Step:  # fmt: skip
        """The step for a call not met here before: build its graph once.

        ``places``: where the call's tensors are in this trace, ``metas`` of which kind they are;
        ``numbers``: its Python numbers, already appended to ``scalars`` by the caller. Whatever the
        build raises leaves the trace as it was.
        """
        step = Step(self.step, call)
        first = len(step.scalars)
        step.scalar_types = tuple([_SCALAR_DTYPES[type(number)] for number in numbers])
        step.scalars += step.scalar_types
        step.positions = places
        site = user_site(call.name)
        build.set_site(site)
        step.site = site
        if self.varies:
            # Most likely a step like another but for its sizes: its nodes are not needed.
            with recording:
                step.piece = piece = piece_of(self.pieces, call, metas, step.scalar_types)
            step.nodes = None
            step.metas, step.structure = piece.metas, piece.structure
        else:
            known = self.nodes()
            scalars = [build.scalar(first + k, kind) for k, kind in enumerate(step.scalar_types)]
            with recording:
                result = call.build([known[place] for place in places], scalars)
            step.nodes = flatten(result)
            step.metas = tuple([meta_of(node.shape, node.dtype) for node in step.nodes])
            step.structure = None if isinstance(result, Node) else type(result)
        if True in [meta.shell for meta in metas]:
            step.metas = tuple(map(shell_meta, step.metas))
        if key[0] != "shell":  # which takes no room
            require_room(call, step.metas)
        if step.structure is None:
            step.meta = step.metas[0]
        step.count += len(step.metas)
        step.nbytes += sum([0 if meta.shell else meta.nbytes for meta in step.metas])
        step.full = step.start > TRACE_LIMIT or step.nbytes > BYTES_LIMIT
        if self._looks(step) and not self.abstract:
            self.rounds.look(self, step)
        self._keep(key, step)
        return step

    @hot
    def _looks(self, step: Step) -> bool:
        """Whether a new step may be where a loop comes round: in a thread that has met none not up
        to where a trace of other sizes ended."""
        return step.count > self.uncut or bool(self.turns) or bool(self.phrases.ends)

    @hot
    def record(
        self, call: Call, values: Sequence[Value], numbers: Sequence[Any] = ()
    ) -> list[Value]:
        """Record any call; the results as values. Wrappers of hot ops do the same in line."""
        epoch = self.epoch
        try:
            places = tuple(
                [value.pos if value.epoch is epoch else self.enter(value) for value in values]
            )
            if numbers:
                self.scalars.extend(numbers)
                key = (call, *places, *map(type, numbers))
            else:
                key = (call, *places)
            step = self.step.children.get(key)
            if step is None:
                metas = tuple([value.meta for value in values])
                step = self.miss(key, call, places, metas, numbers)
            self.step = step
            results = values_at(epoch, count(step.start), step.metas)
            self.values += results
        except BaseException:  # Ctrl-C, too, may come between a list and the step that counts it
            self.repair()
            raise
        return results


def from_other_thread(value: Value) -> None:
    """A lazy value whose epoch is not this thread's: its computation failed, or it is another's."""
    failure = value.epoch.failure
    if failure is not None:
        raise RuntimeError(
            "this tensor has no value: the computation that was to make it failed with "
            f"{type(failure).__name__}: {failure}"
        ) from failure
    trace = value.epoch.trace
    if trace is None:
        raise InternalError(f"{value} belongs to no trace")
    resolve(trace, value)


def resolve(trace: Trace, value: Value) -> None:
    """Compute a value of another thread's trace without disturbing that trace."""
    from rushlight.engine.flush import compute  # the one cycle: a trace and its evaluation

    compute(trace, value)


class _Local(threading.local):
    """This thread's trace."""

    def __init__(self) -> None:
        self.trace = Trace()


local = _Local()

__all__ = ["NOWHERE", "Step", "Trace", "local", "user_site"]
