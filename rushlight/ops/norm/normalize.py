"""Vectors of length one: normalize."""

from __future__ import annotations

from typing import Any

from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.reduce.vector_norm import vector_norm
from rushlight.ops.table import Grads, composite


@composite(torch=False, functional=True, name="_normalize", grad_name="Div")
def normalize(input: Node, p: float, dim: Any, eps: float) -> Node:
    """input / max(its p-norm along ``dim``, eps)."""
    norm: Node = vector_norm(input, float(p), dim, True)
    floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
    return binary("div", input, build.expand(floor, input.shape))


@normalize.vjp
def _(g: Node, out: Node, input: Node, p: float, dim: Any, eps: float) -> Grads:
    norm = vector_norm.body(input, float(p), dim, True)
    floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
    wide = build.expand(floor, input.shape)
    axes = tuple(k for k in range(input.ndim) if norm.shape[k] != input.shape[k])
    # Computed again: PyTorch keeps its operands, and users write into the result (x *= scale).
    total = reduce(times(g, binary("div", binary("div", input, wide), wide)), "sum", axes)
    through = unary("neg", reshape(total, norm.shape))
    # Where the norm is below eps the divisor is a constant.
    small = binary("lt", norm, const(eps, norm.shape, norm.dtype))
    through = build.where(small, const(0, norm.shape, norm.dtype), through)
    assert vector_norm.vjp_rule is not None
    (slope,) = vector_norm.vjp_rule(through, norm, input, float(p), dim, True, None)
    return (binary("add", binary("div", g, wide), slope),)
