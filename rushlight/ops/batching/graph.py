"""From a graph of one sample to the graph of all: samples are axis 0 of every batched node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import final

from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort
from rushlight.ir.primitives import ELEMENTWISE


@final
class Sources:
    """The sources of a node that is being batched, with or without the axis of samples."""

    __slots__ = ("batched", "nodes", "size")

    def __init__(self, nodes: Sequence[Node], batched: Sequence[bool], size: int) -> None:
        self.nodes = tuple(nodes)
        self.batched = tuple(batched)
        self.size = size  # the number of samples

    def full(self, place: int) -> Node:
        """Source ``place`` with the axis of samples, repeated along it where it had none."""
        return self.nodes[place] if self.batched[place] else repeated(self.nodes[place], self.size)

    def all_full(self) -> tuple[Node, ...]:
        return tuple(self.full(place) for place in range(len(self.nodes)))


# Makes the batched node of a node and its sources, at least one of which is batched.
Rule = Callable[[Node, Sources], Node]
RULES: dict[str, Rule] = {}


def rule(*ops: str) -> Callable[[Rule], Rule]:
    """Register the rule of some primitives."""

    def register(made: Rule) -> Rule:
        for op in ops:
            RULES[op] = made
        return made

    return register


def repeated(node: Node, size: int) -> Node:
    """The same for every sample."""
    return build.expand(build.reshape(node, (1, *node.shape)), (size, *node.shape))


def shifted(axes: Sequence[int]) -> tuple[int, ...]:
    """Axes of one sample as axes of the batched node."""
    return tuple(axis + 1 for axis in axes)


def sample(node: Node, number: int) -> Node:
    """One sample of a batched node."""
    rest = node.shape[1:]
    start = (number, *(0,) * len(rest))
    return build.reshape(build.slice(node, start, (1, *rest), (1,) * node.ndim), rest)


def _elementwise(node: Node, sources: Sources) -> Node:
    shape = (sources.size, *node.shape)
    return Node(node.op, sources.all_full(), shape, node.dtype, node.attrs)


def one_by_one(node: Node, sources: Sources) -> Node:
    """The primitive on each sample by itself: right for every primitive, fast for none."""
    parts = []
    for number in range(sources.size):
        src = tuple(
            sample(each, number) if is_batched else each
            for each, is_batched in zip(sources.nodes, sources.batched, strict=True)
        )
        parts.append(build.reshape(rebuilt(node, src), (1, *node.shape)))
    return build.cat(parts, 0)


def batched(
    sinks: Sequence[Node], given: Mapping[Node, tuple[Node, bool]], size: int
) -> list[Node]:
    """``sinks`` of one sample as nodes of shape (size, *shape), one row for each sample.

    ``given`` says what takes the place of an input node, and whether that is batched. What depends
    on nothing batched is computed once and repeated at the end.
    """
    made = dict(given)
    for node in toposort(sinks, made):
        found = [made[source] for source in node.src]
        nodes = tuple(each for each, _ in found)
        flags = tuple(flag for _, flag in found)
        if not any(flags):
            made[node] = rebuilt(node, nodes), False
        elif not size:
            made[node] = build.const(0, (0, *node.shape), node.dtype), True
        else:
            sources = Sources(nodes, flags, size)
            known = _elementwise if node.op in ELEMENTWISE else RULES.get(node.op, one_by_one)
            made[node] = known(node, sources), True
    return [each if flag else repeated(each, size) for each, flag in (made[s] for s in sinks)]
