"""How far and how alike vectors are: cdist, pairwise_distance, cosine_similarity."""

from __future__ import annotations

import math

from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.promote import common_dtype, floating, require_same_dtype
from rushlight.ops.reduce.vector_norm import vector_norm
from rushlight.ops.scatter import at_least_1d
from rushlight.ops.table import Grads, composite

# Here they mean the same: the differences are taken one by one.
_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)  # fmt: skip


@composite
def cdist(
    x1: Node, x2: Node, p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Node:  # fmt: skip
    """The p-norm of every difference of rows: (.., P, M), (.., R, M) -> (.., P, R)."""
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError("cdist only supports at least 2D tensors")
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    if not p >= 0:
        raise RuntimeError("cdist only supports non-negative p values")
    require_same_dtype("cdist", x1=x1, x2=x2)
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    return _distances(x1, x2, float(p))


def _gaps(x1: Node, x2: Node) -> Node:
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    (p, m), r = x1.shape[-2:], x2.shape[-2]
    shape = (*batch, p, r, m)
    left = build.broadcast(reshape(x1, (*x1.shape[:-2], p, 1, m)), shape)
    right = build.broadcast(reshape(x2, (*x2.shape[:-2], 1, r, m)), shape)
    return binary("sub", left, right)


def _distances(x1: Node, x2: Node, p: float) -> Node:
    gaps = _gaps(x1, x2)
    last = gaps.ndim - 1
    size = unary("abs", gaps)
    if p == 0:
        present = binary("ne", gaps, const(0, gaps.shape, gaps.dtype))
        return reduce(build.cast(present, gaps.dtype), "sum", (last,))
    if p == 1:
        return reduce(size, "sum", (last,))
    if p == 2:
        return unary("sqrt", reduce(binary("mul", gaps, gaps), "sum", (last,)))
    if math.isinf(p):
        return reduce(size, "max", (last,))
    powers = reduce(binary("pow", size, const(p, size.shape, size.dtype)), "sum", (last,))
    return binary("pow", powers, const(1 / p, powers.shape, powers.dtype))


@cdist.vjp
def _(g: Node, out: Node, x1: Node, x2: Node, p: float, compute_mode: str) -> Grads:
    gaps = _gaps(x1, x2)
    wide = (*out.shape, 1)
    far = build.expand(reshape(out, wide), gaps.shape)
    seed = build.expand(reshape(g, wide), gaps.shape)
    zero = const(0, gaps.shape, gaps.dtype)
    sign = unary("sign", gaps)
    if p == 0:
        slope = zero
    elif p == 1:
        slope = binary("mul", seed, sign)
    elif p == 2:
        slope = binary("mul", seed, binary("div", gaps, far))
    elif math.isinf(p):
        hit = build.cast(binary("eq", unary("abs", gaps), far), gaps.dtype)
        slope = binary("mul", binary("mul", seed, sign), hit)
    else:
        ratio = binary("div", unary("abs", gaps), far)
        powers = binary("pow", ratio, const(p - 1, gaps.shape, gaps.dtype))
        slope = binary("mul", binary("mul", seed, sign), powers)
    # Equal rows have no direction: 0, not nan.
    slope = build.where(binary("eq", far, zero), zero, slope)
    axis = gaps.ndim - 2
    return (
        _folded(reduce(slope, "sum", (axis,)), x1),
        _folded(unary("neg", reduce(slope, "sum", (axis - 1,))), x2),
    )


def _folded(grad: Node, x: Node) -> Node:
    """Sum over the batch axes that ``x`` was spread along."""
    lead = grad.ndim - x.ndim
    axes = tuple(range(lead)) + tuple(
        lead + k for k, size in enumerate(x.shape) if size == 1 and grad.shape[lead + k] != 1
    )
    return reshape(reduce(grad, "sum", axes), x.shape)


@composite(functional=True)
def cosine_similarity(x1: Node, x2: Node, dim: int = 1, eps: float = 1e-8) -> Node:
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along ``dim``, after broadcasting."""
    dtype = floating(common_dtype(x1, x2))
    shape = broadcast_shapes(x1.shape, x2.shape)
    a, b = (build.broadcast(build.cast(x, dtype), shape) for x in (x1, x2))
    axis = normalize_dim(dim, len(shape))
    if not shape:
        return reshape(cosine_similarity.body(at_least_1d(a), at_least_1d(b), 0, eps), ())
    units = []
    for x in (a, b):
        norm: Node = vector_norm(x, 2.0, axis, True)
        floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
        units.append(binary("div", x, build.expand(floor, x.shape)))
    return reduce(times(*units), "sum", (axis,))


@composite(functional=True)
def pairwise_distance(
    x1: Node, x2: Node, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Node:
    """The p-norm of x1 - x2 + eps along the last axis."""
    given = common_dtype(x1, x2)
    dtype = floating(given)
    shape = broadcast_shapes(x1.shape, x2.shape)
    if not shape:
        raise ShapeError("pairwise_distance: x1 and x2 must have at least one dimension")
    # Integers are subtracted as such, bytes modulo 256.
    a, b = (build.broadcast(build.cast(x, given), shape) for x in (x1, x2))
    apart = build.cast(binary("sub", a, b), dtype)
    gap = binary("add", apart, const(eps, shape, dtype))
    out: Node = vector_norm(gap, float(p), -1, keepdim)
    return out
