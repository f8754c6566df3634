"""Sums of padded pieces: added up piece by piece where they meet, then put side by side.

    pad(a, hi=4) + pad(b, lo=2)      of 2 + 4 and 4 rows
    -> cat(a + b[:2] ..., b[2:])     each stretch is the sum of those that are there

The gradient of a tensor that was split, chunked or read in bands is such a sum. One loop over all
of it asks at every element which pieces are there; stretches are plain loops and copies. Only sums
that get memory in any case are taken apart: the others cost nothing inside a larger kernel.
"""

from __future__ import annotations

import itertools

from rushlight.base.record import Record
from rushlight.compiler.loops.build import INLINE
from rushlight.compiler.views import base_of
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort, users
from rushlight.ir.size import is_below

# Below this many elements the launches cost more than the questions.
LEAST = 1 << 15
# Stretches of a sum: each is a copy of its own.
MOST = 24
_SAME_MEMORY = frozenset(("reshape", "permute"))


class _Sum(Record):
    """A tree of additions whose leaves are padded along ``axis`` alone, or not at all."""

    axis: int
    inside: frozenset[Node]  # the additions

    def ends(self, leaf: Node) -> tuple[Node, int, int]:
        """The leaf without its padding, and where along the axis it begins and ends."""
        if leaf.op != "pad":
            return leaf, 0, leaf.shape[self.axis]
        core = leaf.src[0]
        first = leaf.attrs["lo"][self.axis]
        return core, first, first + core.shape[self.axis]

    def between(self, node: Node, start: int, stop: int) -> Node | None:
        """The sum over one stretch, in the order of the whole; None where nothing is."""
        if node in self.inside:
            x, y = (self.between(source, start, stop) for source in node.src)
            if x is None or y is None:
                return y if x is None else x
            return build.binary("add", x, y)
        core, first, last = self.ends(node)
        if stop <= first or start >= last:
            return None
        starts, shape = [0] * core.ndim, list(core.shape)
        starts[self.axis], shape[self.axis] = start - first, stop - start
        return build.slice(core, tuple(starts), tuple(shape), (1,) * core.ndim)


def pieces(sinks: list[Node]) -> list[Node]:
    """The graph with such sums as stretches side by side."""
    order = toposort(sinks)
    if not any(node.op == "pad" for node in order):
        return sinks
    readers = users(order)
    stored = {base_of(sink) for sink in sinks}
    sums: dict[Node, _Sum] = {}
    for node in reversed(order):
        if node not in stored and not any(
            reader.op not in INLINE or (reader in stored and reader.op in _SAME_MEMORY)
            for reader in readers[node]
        ):
            continue
        stored.add(node)
        may = node.op == "add" and not is_below(node.size, LEAST)
        found = _sum_at(node, readers) if may else None
        if found is not None and node.size >= LEAST:
            sums[node] = found
            stored.update(found.ends(leaf)[0] for leaf in _leaves(node, found.inside))
    made: dict[Node, Node] = {}
    for node in order:
        now = made[node] = rebuilt(node, [made[source] for source in node.src])
        whole = sums.get(node)
        if whole is not None:
            inside = frozenset([made[each] for each in whole.inside if each in made])
            made[node] = _side_by_side(now, whole.replace(inside=inside))
    return [made[sink] for sink in sinks]


def _leaves(node: Node, inside: frozenset[Node]) -> list[Node]:
    if node not in inside:
        return [node]
    return [leaf for source in node.src for leaf in _leaves(source, inside)]


def _sum_at(root: Node, readers: dict[Node, list[Node]]) -> _Sum | None:
    inside, leaves, stack = {root}, [], [root]
    while stack:
        for source in stack.pop().src:
            if source.op == "add" and len(readers[source]) == 1:
                inside.add(source)
                stack.append(source)
            else:
                leaves.append(source)
    padded = [leaf for leaf in leaves if leaf.op == "pad"]
    axes = {
        axis
        for leaf in padded
        for axis, (lo, hi) in enumerate(zip(leaf.attrs["lo"], leaf.attrs["hi"], strict=True))
        if lo or hi
    }
    if len(axes) != 1 or len(padded) < 2 or len(leaves) > MOST:
        return None
    if any(leaf.attrs["value"] != 0 for leaf in padded):
        return None
    found = _Sum(axes.pop(), frozenset(inside))
    return found if _covered(root, found, leaves) else None


def _covered(root: Node, found: _Sum, leaves: list[Node]) -> bool:
    """Whether every place along the axis has a leaf that is there."""
    reached = 0
    for _, first, last in sorted([found.ends(leaf) for leaf in leaves], key=lambda end: end[1]):
        if first > reached:
            return False
        reached = max(reached, last)
    return reached == root.shape[found.axis]


def _side_by_side(root: Node, whole: _Sum) -> Node:
    ends = [whole.ends(leaf) for leaf in _leaves(root, whole.inside)]
    places: list[int] = []
    for place in sorted([place for _, first, last in ends for place in (first, last)]):
        if not places or place != places[-1]:
            places.append(place)
    parts = [whole.between(root, start, stop) for start, stop in itertools.pairwise(places)]
    return build.cat([part for part in parts if part is not None], whole.axis)
