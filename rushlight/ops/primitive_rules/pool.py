"""Derivatives of pooling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.formula import like, plus, times
from rushlight.ops.in_turn import added_in_turn, sliding
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.promote import compute_dtype
from rushlight.ops.table import Grads


def _added_as_halves(x: Node, a: Mapping[str, Any]) -> bool:
    """Whether windows overlap whose slopes are rounded after each sum."""
    overlapping = any(n > s for n, s in zip(a["window"], a["stride"], strict=True))
    return overlapping and compute_dtype(x.dtype) is not x.dtype


@rule("pool")
def _pool_rule(g: Node, node: Node) -> Grads:
    x, a = node.src[0], node.attrs
    window = (a["window"], a["stride"], a["padding"], a["dilation"])
    if a["kind"] == "sum":
        if _added_as_halves(x, a):
            seen = sliding(x.shape, g.shape[1:-1], *window)
            sums = added_in_turn(math.prod(x.shape), seen.places(), seen.spread(g))
            return (reshape(sums, x.shape),)
        return (build.pool_input_grad("sum", (g,), x.shape, *window),)
    if a["kind"] == "max":
        places = build.pool(x, "argmax", *window)
        if _added_as_halves(x, a):
            first = build.iota(g.shape, 0), build.iota(g.shape, g.ndim - 1)
            n, c, size = x.shape[0], x.shape[-1], math.prod(x.shape[1:-1])
            row = plus(times(first[0], like(first[0], size)), build.cast(places, int64))
            flat = plus(times(row, like(row, c)), first[1])
            return (reshape(added_in_turn(n * size * c, flat, g), x.shape),)
        return (build.pool_input_grad("max", (g, places), x.shape, *window),)
    return (None,)


@rule("pool_input_grad")
def _pool_input_grad_rule(h: Node, node: Node) -> Grads:
    a = node.attrs
    window = (a["window"], a["stride"], a["padding"], a["dilation"])
    if a["kind"] == "sum":
        return (build.pool(h, "sum", *window),)
    # linear in g: each window reads the cotangent at the place of its maximum
    g, places = node.src
    n, c = h.shape[0], h.shape[-1]
    flat = reshape(h, (n, math.prod(h.shape[1:-1]), c))
    index = reshape(places, (n, math.prod(g.shape[1:-1]), c))
    return reshape(build.gather(flat, index, 1), g.shape), None
