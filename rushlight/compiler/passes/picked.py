"""A few elements of a computed array: only these are computed, and the array need not be there.

gather(x - top - log(total), classes) is gather(x, classes) - top - log(total): cross entropy then
reads its logits and writes nothing of their size.
"""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.graph import Node

# Cheap ones: an array that others want as a whole is computed a little twice.
_CHEAP = frozenset(("add", "sub", "mul", "div", "neg", "cast"))
# How many times fewer are read than there are.
_FEWER = 4


def picked(node: Node) -> Node:
    """A gather, moved to the sources of what it reads."""
    x, index = node.src
    if x.op not in _CHEAP or _FEWER * node.size > x.size:
        return node
    axis = node.attrs["axis"]
    if any(x.shape[k] != index.shape[k] for k in range(x.ndim) if k != axis):
        return node
    same = [_is_same_along(source, axis) for source in x.src]
    if all(same):  # nobody would look at the indices
        return node
    sources = [
        build.expand(source.src[0], index.shape)
        if is_same
        else picked(Node("gather", (source, index), node.shape, source.dtype, node.attrs))
        for source, is_same in zip(x.src, same, strict=True)
    ]
    return Node(x.op, tuple(sources), node.shape, node.dtype, x.attrs)


def _is_same_along(x: Node, axis: int) -> bool:
    return x.op == "expand" and x.src[0].shape[axis] == 1
