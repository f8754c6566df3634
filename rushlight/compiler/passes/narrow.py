"""Products of bf16 that are widened first: views of what was widened are widened views.

    dot(permute(cast(x)), cast(y))  ->  dot(cast(permute(x)), cast(y))

A layer with a bias rounds its result once, so that its product and those of its gradients are of
f32. A contraction widens in its registers by itself: where the result is rounded at once
(``passes/epilogue.py``), it reads what is under the casts.
"""

from __future__ import annotations

from rushlight.base.dtype import bfloat16, float32
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort

_VIEWS = ("permute", "reshape")


def narrow(sinks: list[Node]) -> list[Node]:
    """The graph with such casts."""
    order = toposort(sinks)
    if not any(_is_wide_product(node) for node in order):
        return sinks
    new: dict[Node, Node] = {}
    for node in order:
        sources = [new[source] for source in node.src]
        if _is_wide_product(node):
            sources = [build.cast(_narrow(source), float32) for source in sources]
        new[node] = rebuilt(node, sources)
    return [new[sink] for sink in sinks]


def _is_wide_product(node: Node) -> bool:
    return node.op == "dot" and node.dtype is float32 and all(map(_was_widened, node.src))


def _was_widened(node: Node) -> bool:
    while node.op in _VIEWS:
        node = node.src[0]
    return is_widened(node)


def is_widened(node: Node) -> bool:
    """Whether it is numbers of bf16 as f32."""
    return node.op == "cast" and node.dtype is float32 and node.src[0].dtype is bfloat16


def _narrow(node: Node) -> Node:
    if node.op == "permute":
        return build.permute(_narrow(node.src[0]), node.attrs["axes"])
    if node.op == "reshape":
        return build.reshape(_narrow(node.src[0]), node.shape)
    return node.src[0]
