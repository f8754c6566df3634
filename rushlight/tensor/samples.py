"""Levels of ``vmap``: tensors of one sample, and the gradient through what was done to all of them.

Inside a ``Level`` a tensor stands for one sample of a batch, and its gradient graph is that of one
sample. Where results leave, a ``SamplesNode`` takes the place of that graph: its backward pass goes
back into the level, walks the graph of one sample there, and lets the cotangents out the same way
the results came out. So detached tensors, modes, hooks and users' Functions mean inside what
they mean outside, and the gradient of the gradient is nothing new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import Trace, local
from rushlight.engine.value import Meta, meta_of
from rushlight.tensor.backward import grad, mode_of, set_grad_of_many
from rushlight.tensor.state import GradNode, OutputEdge, edge_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walk import EdgeTarget, Walk
from rushlight.tensor.wrap import function


class _SampleInput(GradNode):
    """Where the graph of one sample ends: at a tensor that has all of them."""

    def __init__(self, level: Level, outer: Any) -> None:
        super().__init__(None, (), (), ())
        self.__dict__.update(level=level, outer=outer)

    def name(self) -> str:
        return "VmapBackward0"

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        return []


class _EdgeWalk(Walk):
    """Collects what arrives at edges, whose own hooks are run by the walk outside.

    One edge may lead to another, outside: that way is the walk's outside too.
    """

    def __init__(self, create_graph: bool, only: Sequence[Any]) -> None:
        super().__init__(create_graph, True, only)
        self.ends = frozenset(key[0] for key in self.catch)

    def hand(self, leaf: Tensor, cotangent: Any) -> None:
        for place, wanted in enumerate(self.only or ()):
            if wanted is leaf:
                self.collected[place] = self.lift(cotangent)

    def _before(self, node: GradNode, extra: dict[str, Any], slots: list[Any]) -> list[Any]:
        if any(key[0] == id(node) for key in self.catch):
            return slots
        return super()._before(node, extra, slots)


class _SamplesNode(GradNode):
    """The gradient of what was done to every sample."""

    def __init__(self, level: Level, outs: Sequence[Tensor], metas: tuple[Meta, ...]) -> None:
        ends = level.ends(outs)
        edges = tuple(end.__dict__["outer"] if own else end for end, own in ends)
        super().__init__(None, edges, (), ())
        self.outputs = len(metas)
        # In ``saved``, so that it goes when the graph is freed.
        self.saved = (level, tuple(outs), ends)  # type: ignore[assignment]
        # Named as what one sample was made by, as in PyTorch.
        maker = outs[0].grad_fn
        self.__dict__.update(metas=metas, named="VmapBackward0" if maker is None else maker.name())

    def name(self) -> str:
        named: str = self.__dict__["named"]
        return named

    @property
    def out_metas(self) -> tuple[Meta, ...]:
        metas: tuple[Meta, ...] = self.__dict__["metas"]
        return metas

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        if self.saved is None:
            self._freed()
        level, outs, ends = self.saved  # type: ignore[misc]
        level.require_intact()
        lift = (lambda each: each) if create_graph else Tensor._of
        with level.active(), mode_of(create_graph):
            roots = [
                (edge_of(out), level.take(lift(cotangent)))
                for out, cotangent in zip(outs, cotangents, strict=True)
                if cotangent is not None
            ]
            targets: list[Any] = [
                end if isinstance(end, Tensor) else EdgeTarget(end) for end, _ in ends
            ]
            walk = _EdgeWalk(create_graph, targets)
            walk.run(roots)
            walk.accumulate()
            places = sorted(walk.collected)
            made = level.leave([walk.collected[place] for place in places])
        results: list[Any] = [None] * len(ends)
        with mode_of(create_graph):
            for place, tensor in zip(places, made, strict=True):
                whole = tensor if ends[place][1] else function("sum")(tensor, (0,))
                results[place] = whole if create_graph else whole._read_value()
        return results


class Level:
    """One vmap: ``with level.active():`` record what happens to one of ``size`` samples."""

    def __init__(self, size: int, randomness: str = "error") -> None:
        self.trace = SampleTrace(size, randomness)
        self.trace.level = self
        self.start = GradNode(None, (), (), ()).sequence
        self.outer: Trace = local.trace

    @contextmanager
    def active(self) -> Iterator[None]:
        """Inside, operations are recorded for one sample."""
        before = self.outer
        with self.trace.active() as outer:
            self.outer = outer
            try:
                yield
            finally:
                self.outer = before

    def take(self, tensor: Tensor) -> Tensor:
        """One sample of ``tensor`` (size, *shape), to be called while this is active."""
        value = tensor._read_value()
        meta = meta_of(value.meta.shape[1:], value.meta.dtype)
        sample = Tensor._of(self.trace.take(value, meta))
        if tensor._edge is not None and self.outer.grad:
            sample._edge = _SampleInput(self, edge_of(tensor))
        return sample

    def differs(self, result: Tensor) -> bool:
        """Whether ``result``, of one sample, depends on which sample it is of."""
        return self.trace.differs(result._read_value())

    def leave(self, results: Sequence[Tensor]) -> list[Tensor]:
        """All samples of ``results``, which are of one sample: (size, *shape) each.

        To be called while this is active; what it gives belongs outside.
        """
        trace = self.trace
        values = []
        for each in results:
            value = each._read_value()
            if value.epoch is not trace.epoch:
                trace.enter(value)
            values.append(value)
        differentiable = [each for each in results if each.requires_grad]
        made = [Tensor._of(value) for value in trace.leave(values, self.outer)]
        if differentiable and self.outer.grad:
            outs = [
                tensor for tensor, each in zip(made, results, strict=True) if each.requires_grad
            ]
            node = _SamplesNode(self, differentiable, tuple(each._value_meta for each in outs))
            if node.edges:
                for number, out in enumerate(outs):
                    out._edge = OutputEdge(node, number) if number else node
        return made

    def ends(self, outs: Sequence[Tensor]) -> list[tuple[Any, bool]]:
        """Where the graph of one sample ends outside, and whether at an input of this level."""
        found: dict[tuple[int, int], tuple[Any, bool]] = {}
        seen: set[GradNode] = set()
        stack: list[Any] = [edge_of(out) for out in outs]
        while stack:
            edge = stack.pop()
            if edge is None:
                continue
            if isinstance(edge, Tensor):
                if edge.__dict__.get("_inner_leaf", -1) < self.start:
                    found.setdefault((id(edge), 0), (edge, False))
                continue
            node, number = (edge.node, edge.number) if isinstance(edge, OutputEdge) else (edge, 0)
            if isinstance(node, _SampleInput) and node.__dict__["level"] is self:
                found.setdefault((id(node), 0), (node, True))
            elif node.sequence < self.start:
                found.setdefault((id(node), number), (edge, False))
            elif node not in seen:
                seen.add(node)
                stack.extend(node.edges)
        return list(found.values())

    def require_intact(self) -> None:
        """RuntimeError where something that the samples were computed from was overwritten."""
        for value in self.trace.inputs:
            probe = value
            while probe is not None:
                if probe.overwritten:
                    raise RuntimeError(
                        "one of the variables needed for gradient computation has been modified "
                        f"by an inplace operation: [{probe.meta}] was read inside of vmap, and "
                        "overwritten before the backward pass through it; clone() it first"
                    )
                probe = probe.parent  # type: ignore[assignment]


def _grad_of_many(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], grad_outputs: Sequence[Tensor | None],
    retain_graph: bool, create_graph: bool, allow_unused: bool | None, materialize_grads: bool,
) -> tuple[Tensor | None, ...]:  # fmt: skip
    """``autograd.grad`` for many ``grad_outputs`` (B, *shape) at once: gradients (B, *shape)."""
    sizes = {each.shape[0] for each in grad_outputs if each is not None and each.ndim}
    if len(sizes) != 1:
        raise RuntimeError(
            "autograd.grad(is_grads_batched=True): all grad_outputs need a first axis of one size, "
            f"got the shapes {[None if g is None else tuple(g.shape) for g in grad_outputs]}"
        )
    level = Level(sizes.pop())
    with level.active():
        seeds = [None if each is None else level.take(each) for each in grad_outputs]
        found = grad(
            outputs, inputs, seeds, retain_graph, create_graph, allow_unused=allow_unused,
            materialize_grads=materialize_grads,
        )  # fmt: skip
        made = iter(level.leave([each for each in found if each is not None]))
    return tuple(None if each is None else next(made) for each in found)


set_grad_of_many(_grad_of_many)
