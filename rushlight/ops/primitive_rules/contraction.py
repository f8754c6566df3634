"""Derivatives of matrix products and convolutions."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import permute
from rushlight.ir.graph import Node
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.table import Grads


@rule("dot")
def _dot_rule(g: Node, node: Node) -> Grads:
    a, b = node.src
    swap = (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)
    return build.dot(g, permute(b, swap)), build.dot(permute(a, swap), g)


def _window(node: Node) -> tuple[tuple[int, ...], build.Pairs, tuple[int, ...], int]:
    a = node.attrs
    return a["stride"], a["padding"], a["dilation"], a["groups"]


@rule("conv")
def _conv_rule(g: Node, node: Node) -> Grads:
    x, w = node.src
    return (
        build.conv_input_grad(g, w, x.shape, *_window(node)),
        build.conv_weight_grad(g, x, w.shape, *_window(node)),
    )


@rule("conv_input_grad")
def _conv_input_grad_rule(h: Node, node: Node) -> Grads:
    # linear in g and w: <h, conv_input_grad(g, w)> = <g, conv(h, w)>
    g, w = node.src
    return build.conv(h, w, *_window(node)), build.conv_weight_grad(g, h, w.shape, *_window(node))


@rule("conv_weight_grad")
def _conv_weight_grad_rule(h: Node, node: Node) -> Grads:
    g, x = node.src
    return build.conv(x, h, *_window(node)), build.conv_input_grad(g, h, x.shape, *_window(node))
