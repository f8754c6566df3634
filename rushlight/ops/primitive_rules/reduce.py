"""Derivatives of reductions and scans."""

from __future__ import annotations

import math

from rushlight.ir import build
from rushlight.ir.build import binary, expand, permute, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.formula import over, times
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.table import Grads


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


@rule("reduce")
def _reduce_rule(g: Node, node: Node) -> Grads:
    x, kind, axes = node.src[0], node.attrs["kind"], node.attrs["axes"]
    kept = _kept(x.shape, axes)
    if kind not in ("sum", "prod", "max", "min", "fmax"):
        return (None,)
    wide = expand(reshape(g, kept), x.shape)
    if kind == "sum":
        return (wide,)
    out = expand(reshape(node, kept), x.shape)
    if kind == "prod":
        return (_prod_grad(wide, x, axes),)
    # Equal extrema share the cotangent evenly, as amax and amin do in PyTorch.
    hit = build.cast(binary("eq", x, out), x.dtype)
    count = expand(reshape(reduce(hit, "sum", axes), kept), x.shape)
    return (over(times(wide, hit), count),)


def _prod_grad(wide: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """g times the product of all others: right where zeros stand, so no division.

    The product before each element times the product after it, along the flattened axes.
    """
    rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = rest + axes
    moved = permute(x, order)
    count = math.prod(x.shape[axis] for axis in axes)
    kept = tuple(x.shape[axis] for axis in rest)
    flat = reshape(moved, (*kept, count))
    ndim = len(kept)
    lead = (0,) * ndim

    def before(values: Node) -> Node:
        if count == 0:
            return values
        shifted = build.pad(
            build.slice(values, (*lead, 0), (*kept, count - 1), (1,) * (ndim + 1)),
            (*lead, 1), (*lead, 0), 1,
        )  # fmt: skip
        return build.scan(shifted, "prod", ndim)

    def flip(values: Node) -> Node:
        if count == 0:
            return values
        return build.slice(values, (*lead, count - 1), values.shape, (*(1,) * ndim, -1))

    others = times(before(flat), flip(before(flip(flat))))
    back = permute(reshape(others, moved.shape), tuple(order.index(k) for k in range(x.ndim)))
    return times(wide, back)


@rule("scan")
def _scan_rule(g: Node, node: Node) -> Grads:
    if node.attrs["kind"].startswith("arg"):
        return (None,)
    if node.attrs["kind"] != "sum":
        raise NotImplementedError(f"the derivative of a running {node.attrs['kind']}")
    axis = node.attrs["axis"]
    if not node.shape[axis]:
        return (g,)
    start = tuple(node.shape[axis] - 1 if k == axis else 0 for k in range(node.ndim))
    step = tuple(-1 if k == axis else 1 for k in range(node.ndim))

    def flip(values: Node) -> Node:
        return build.slice(values, start, node.shape, step)

    return (flip(build.scan(flip(g), "sum", axis)),)
