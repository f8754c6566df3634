"""Simplify: equal nodes become one, exact algebra, movement composed, dead code gone."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import int64
from rushlight.compiler.passes.picked import picked
from rushlight.compiler.passes.small_products import small_products
from rushlight.compiler.passes.tiled_pool import tiled_pool
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort


def simplify(sinks: list[Node]) -> list[Node]:
    """One walk from the sources to the sinks, each node rebuilt on simplified sources."""
    table: dict[Any, Node] = {}
    made: dict[Node, Node] = {}
    for node in toposort(sinks):
        node_now = rewrite(rebuilt(node, [made[source] for source in node.src]))
        made[node] = table.setdefault(node_now.key(), node_now)
    return [made[sink] for sink in sinks]


def rewrite(node: Node) -> Node:
    """``node``, or a simpler one of the same value."""
    rule = _RULES.get(node.op)
    return node if rule is None else rule(node)


def _is_const(node: Node, value: float) -> bool:
    while node.op in ("expand", "reshape"):
        node = node.src[0]
    return node.op == "const" and node.attrs["value"] == value


def _mul(node: Node) -> Node:
    """x * 1 -> x, of every dtype (x * 0 is not 0 for nan)."""
    x, y = node.src
    if _is_const(y, 1):
        return x
    return y if _is_const(x, 1) else node


def _div(node: Node) -> Node:
    return node.src[0] if _is_const(node.src[1], 1) else node


def _add(node: Node) -> Node:
    """x + 0 -> x for whole numbers; -0.0 + 0.0 is 0.0, so floats keep theirs."""
    if node.dtype.is_floating_point or node.dtype.is_complex:
        return node
    x, y = node.src
    if _is_const(y, 0):
        return x
    return y if _is_const(x, 0) else node


def _sub(node: Node) -> Node:
    """x - 0 -> x, exact for floats too."""
    return node.src[0] if _is_const(node.src[1], 0) else node


def _where(node: Node) -> Node:
    return node.src[1] if node.src[1] is node.src[2] else node


def _neg(node: Node) -> Node:
    return node.src[0].src[0] if node.src[0].op == node.op else node


def _cast(node: Node) -> Node:
    x = node.src[0]
    if x.dtype is node.dtype:
        return x
    if x.op == "cast" and _holds(x.src[0], x):
        # A widening in the middle loses nothing; floats to integers go through its width: kept.
        source = x.src[0]
        if node.dtype.is_floating_point or source.dtype.name == "bool":
            return build.cast(source, node.dtype)
    return node


def _holds(source: Node, through: Node) -> bool:
    """Whether every value of ``source`` exists in the dtype of ``through``."""
    a, b = source.dtype, through.dtype
    if a.is_floating_point:
        pairs = {("float16", "float32"), ("bfloat16", "float32"), ("float16", "float64"),
                 ("bfloat16", "float64"), ("float32", "float64")}  # fmt: skip
        return (a.name, b.name) in pairs
    return a.name == "bool" and not b.is_complex


def _reduce(node: Node) -> Node:
    """Over axes of size 1, and over nothing at all."""
    x, kind, axes = node.src[0], node.attrs["kind"], node.attrs["axes"]
    if node.size and not x.size:
        start = {"sum": 0, "prod": 1, "any": False, "all": True}
        return build.const(start[kind], node.shape, node.dtype) if kind in start else node
    if not all(x.shape[axis] == 1 for axis in axes):
        return node
    if kind in ("argmax", "argmin"):
        return build.const(0, node.shape, int64)
    flat = build.reshape(x, node.shape)
    return build.cast(flat, node.dtype) if kind in ("any", "all") else flat


def _reshape(node: Node) -> Node:
    return build.reshape(node.src[0], node.shape)


def _permute(node: Node) -> Node:
    """Composed with a permute below; a permute that only moves ones is a reshape."""
    made = build.permute(node.src[0], node.attrs["axes"])
    if made.op != "permute":
        return made
    x = made.src[0]
    moved = [axis for axis in made.attrs["axes"] if x.shape[axis] != 1]
    return build.reshape(x, made.shape) if moved == sorted(moved) else made


def _expand(node: Node) -> Node:
    return build.expand(node.src[0], node.shape)


def _slice(node: Node) -> Node:
    x, attrs = node.src[0], node.attrs
    if x.op == "slice":
        rows = zip(x.attrs["start"], x.attrs["step"], attrs["start"], attrs["step"], strict=True)
        pairs = [(a + b * c, b * d) for a, b, c, d in rows]
        return build.slice(
            x.src[0], tuple([a for a, _ in pairs]), node.shape, tuple([b for _, b in pairs])
        )
    return build.slice(x, attrs["start"], node.shape, attrs["step"])


def _pad(node: Node) -> Node:
    # (shapes, not elements: those of two empty ones are as many)
    return node.src[0] if node.shape == node.src[0].shape else node


_RULES = {
    "mul": _mul, "div": _div, "add": _add, "sub": _sub, "where": _where, "neg": _neg,
    "not": _neg, "cast": _cast, "reduce": _reduce, "reshape": _reshape, "permute": _permute,
    "expand": _expand, "slice": _slice, "pad": _pad, "gather": picked, "dot": small_products,
    "pool_input_grad": tiled_pool,
}  # fmt: skip
