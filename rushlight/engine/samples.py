"""One sample standing for many: the trace behind ``torch.vmap``.

While a function runs under ``vmap`` its operations are recorded, as always, but of one sample that
has no value: into a ``SampleTrace``. What came out is then recorded in the outer trace as one call
that does it for all samples (``ops.batching`` says how, primitive by primitive). So every operation
there is can be batched, and a level within a level is nothing special.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.engine.call import Gradient
from rushlight.engine.flush import flush
from rushlight.engine.trace import STEP_LIMIT, Step, Trace, from_other_thread, local
from rushlight.engine.value import NOWHERE, Epoch, Meta, Value
from rushlight.ir.graph import Node, toposort
from rushlight.ops import batching

NO_VALUE = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
    ".item() on a Tensor, please try to rewrite what you're doing with other operations. (The same "
    "goes for whatever needs the numbers of a sample: data-dependent control flow, .numpy(), "
    "nonzero.)"
)
ESCAPED = (
    "this tensor was made inside of vmap and is of one sample: it has no value outside. Return it "
    "from the function instead of keeping it"
)


@final
class SamplesCall:
    """What was recorded of one sample, done for ``size`` of them: a row for each."""

    name = "vmap"

    def __init__(self, sinks: Sequence[Node], samples: frozenset[int], size: int) -> None:
        self.sinks = tuple(sinks)
        self.size = size
        self._inputs: list[Node] = []
        self._scalars: list[Node] = []
        for node in toposort(sinks):
            if node.op == "input":
                self._inputs.append(node)
            elif node.op == "scalar":
                self._scalars.append(node)
        self.inputs = [int(node.attrs["index"]) for node in self._inputs]
        self.scalars = [int(node.attrs["index"]) for node in self._scalars]
        self._flags = [number in samples for number in self.inputs]

    def build(self, nodes: Sequence[Node], scalars: Sequence[Node]) -> Any:
        given = dict(zip(self._inputs, zip(nodes, self._flags, strict=True), strict=True))
        given.update(
            {mine: (each, False) for mine, each in zip(self._scalars, scalars, strict=True)}
        )
        return tuple(batching.batched(self.sinks, given, self.size))

    def gradient(self, metas: Any, out_metas: Any, mask: int) -> Gradient | None:
        raise InternalError("the gradient of vmap is vmap of the gradient: tensor/samples.py")


class _Roots(threading.local):
    """The trie that all levels of a thread share: a function mapped twice is recorded once."""

    def __init__(self) -> None:
        self.root = Step(None, None)
        self.steps = 0
        self.default: DType | None = None

    def find(self, default: DType) -> Step:
        if self.default is not default or self.steps > STEP_LIMIT:
            self.root, self.steps, self.default = Step(None, None), 0, default
        return self.root


_roots = _Roots()


@final
class SampleTrace(Trace):
    """What is recorded of one sample of ``size``; becomes the thread's trace by ``active``."""

    abstract = True

    def __init__(self, size: int, randomness: str) -> None:
        super().__init__()
        self.root = self.ground = _roots.find(self.default)
        self.step = self._nodes_step = self.root
        self.size = size
        self.randomness = randomness
        self.samples: set[int] = set()  # numbers of the inputs that differ from sample to sample
        self.epoch.failure = RuntimeError(ESCAPED)
        self.level: Any = None  # of tensor/samples.py
        self.outer = local.trace  # what was recorded into before
        self._lent: list[tuple[Value, Epoch, int]] = []

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """While this is active: record outside for a moment."""
        local.trace = self.outer
        try:
            yield
        finally:
            local.trace = self

    @contextmanager
    def active(self) -> Iterator[Trace]:
        """Inside, this is what the thread records into. Gives the trace outside."""
        outer = local.trace
        flush(outer)
        lent, self._lent = self._lent, []
        known = self.steps
        around, self.outer = self.outer, outer
        self.grad, self.inference = outer.grad, outer.inference
        local.trace = self
        try:
            yield outer
        finally:
            local.trace, self.outer = outer, around
            self._give_back()
            self._lent = lent
            _roots.steps += self.steps - known

    def _give_back(self) -> None:
        """What was lent by the trace outside is at its place there again."""
        for value, epoch, position in reversed(self._lent):
            if value.epoch is self.epoch:
                value.epoch, value.pos = epoch, position
        self._lent = []

    def take(self, value: Value, meta: Meta) -> Value:
        """An input that stands for one sample of ``value``, whose axis 0 they are."""
        step = self.take_in(meta)
        self.samples.add(len(self.inputs))
        self.inputs.append(value)
        return Value(self.epoch, step.start, meta)

    def enter(self, value: Value, moves: bool = True) -> int:
        """A value from outside: the same for every sample."""
        self._lent.append((value, value.epoch, value.pos))
        if value.buffer is None and value.parent is None:
            trace = value.epoch.trace
            if trace is None or not trace.abstract:
                from_other_thread(value)
            else:
                step = self.take_in(value.meta)
                self.inputs.append(value)
                value.pos, value.epoch = step.start, self.epoch
                return value.pos
        return super().enter(value, moves)

    def call_of(
        self, positions: tuple[int, ...], samples: frozenset[int], size: int
    ) -> SamplesCall:
        """The call that makes these results; the same one wherever the trie is the same."""
        key = (positions, samples, size)
        found = self.step.passages.get(key)
        if found is None:
            nodes = self.nodes()
            found = SamplesCall([nodes[position] for position in positions], samples, size)
            self.step.passages[key] = found
        call: SamplesCall = found
        return call

    def leave(self, values: Sequence[Value], outer: Trace) -> list[Value]:
        """The results of all samples, (size, *shape) each, recorded in ``outer``.

        The last thing to be done while this is active, with values that were entered.
        """
        call = self.call_of(
            tuple(value.pos for value in values), frozenset(self.samples), self.size
        )
        self._give_back()
        given = [self.inputs[number] for number in call.inputs]
        return outer.record(call, given, [self.scalars[number] for number in call.scalars])

    def differs(self, value: Value) -> bool:
        """Whether ``value`` is computed from an input that differs from sample to sample."""
        if value.epoch is not self.epoch:
            return False
        call = self.call_of((value.pos,), frozenset(), 1)
        return not self.samples.isdisjoint(call.inputs)

    def spread(self, value: Value) -> Value:
        """``value`` of all samples, (size, *shape), recorded in the trace outside."""
        if value.epoch is not self.epoch:
            self.enter(value)
        call = self.call_of((value.pos,), frozenset(self.samples), self.size)
        self._give_back()
        given = [self.inputs[number] for number in call.inputs]
        numbers = [self.scalars[number] for number in call.scalars]
        with self.suspended():
            (made,) = self.outer.record(call, given, numbers)
        return made

    def compute(self, value: Value) -> None:
        """Compute what is the same for every sample. RuntimeError for what is not."""
        if value.epoch is not self.epoch:
            self.enter(value)
        call = self.call_of((value.pos,), frozenset(), 1)
        given = [self.inputs[number] for number in call.inputs]
        if self.differs(value) or any(
            each.buffer is None and each.parent is None for each in given
        ):
            raise RuntimeError(NO_VALUE)
        trace = Trace()
        trace.grad = False
        made = trace.record(call, given, [self.scalars[number] for number in call.scalars])
        flush(trace)
        value.buffer = made[0].buffer
        value.epoch = NOWHERE


def evaluate(value: Value) -> None:
    """Give ``value`` memory while a sample is recorded. RuntimeError where it has no numbers."""
    trace = local.trace
    if not isinstance(trace, SampleTrace):
        raise InternalError("evaluate: no sample is being recorded")
    trace.compute(value)
