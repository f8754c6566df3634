"""Derivatives of taking and putting elements by index."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import const
from rushlight.ir.graph import Node
from rushlight.ops.formula import added_at, like
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.table import Grads


@rule("take")
def _take_rule(g: Node, node: Node) -> Grads:
    x, index = node.src
    return build.put(like(x, 0), index, g, node.attrs["axis"], "add"), None


@rule("gather")
def _gather_rule(g: Node, node: Node) -> Grads:
    x, index = node.src
    return added_at(like(x, 0), index, g, node.attrs["axis"]), None


@rule("put")
def _put_rule(g: Node, node: Node) -> Grads:
    _, index, values = node.src
    axis, mode = node.attrs["axis"], node.attrs["mode"]
    taken = build.take(g, index, axis)
    if mode == "add":
        return g, None, taken
    zeros = const(0, values.shape, values.dtype)
    return build.put(g, index, zeros, axis, "set"), None, taken


@rule("scatter")
def _scatter_rule(g: Node, node: Node) -> Grads:
    _, index, values = node.src
    axis, mode = node.attrs["axis"], node.attrs["mode"]
    taken = build.gather(g, index, axis)
    if mode == "add":
        return g, None, taken
    if mode == "set":
        zeros = const(0, values.shape, values.dtype)
        return build.scatter(g, index, zeros, axis, "set"), None, taken
    raise NotImplementedError(f"the derivative of scatter with reduce={mode!r}")
