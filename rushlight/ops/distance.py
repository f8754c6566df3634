"""How far and how alike vectors are: cdist, pairwise_distance, cosine_similarity."""

from __future__ import annotations

import math

from rushlight.base.errors import ShapeError
from rushlight.base.record import Record
from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.promote import common_dtype, floating, require_same_dtype
from rushlight.ops.reduce.sum import mean_of
from rushlight.ops.reduce.vector_norm import vector_norm
from rushlight.ops.scatter import at_least_1d
from rushlight.ops.table import Grads, composite

# Distances are sums of differences in all of them, gradients in the last.
_MODES = (
    "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)  # fmt: skip


# Rows up to so long are taken element by element, each beside those of several others.
_SHORT = 32
# From so many rows on PyTorch's gradients of Euclidean distances, too, are products of matrices.
_MANY = 25


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
    if p == 2 and compute_mode == _MODES[1] and x1.shape[-1]:
        return _by_products(x1, x2)
    return _distances(x1, x2, float(p))


class _Gaps(Record):
    """All differences of rows: (.., P, R, M), or (.., P, M, R) of short rows, where a vector has
    those of one row to several others."""

    value: Node
    turned: bool

    @property
    def axis(self) -> int:
        """Along which a difference lies."""
        return self.value.ndim - (2 if self.turned else 1)

    def spread(self, x: Node) -> Node:
        """(.., P, R), beside the differences."""
        wide = (*x.shape[:-1], 1, x.shape[-1]) if self.turned else (*x.shape, 1)
        return build.expand(reshape(x, wide), self.value.shape)

    def sums(self, x: Node) -> tuple[Node, Node]:
        """Over the rows of the one and of the other: (.., P, M) and (.., R, M)."""
        last = x.ndim - 1
        if not self.turned:
            return reduce(x, "sum", (last - 1,)), reduce(x, "sum", (last - 2,))
        columns = reduce(x, "sum", (last - 2,))  # (.., M, R)
        lead = range(columns.ndim - 2)
        back = build.permute(columns, (*lead, columns.ndim - 1, columns.ndim - 2))
        return reduce(x, "sum", (last,)), back


def _gaps(x1: Node, x2: Node) -> _Gaps:
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    (p, m), r = x1.shape[-2:], x2.shape[-2]
    turned = m <= _SHORT and r >= _SHORT
    if turned:
        lead = x2.ndim - 2
        x2 = build.permute(x2, (*range(lead), lead + 1, lead))
        shape: tuple[int, ...] = (*batch, p, m, r)
    else:
        shape = (*batch, p, r, m)
    place = x1.ndim if turned else x1.ndim - 1
    left = reshape(x1, (*x1.shape[:place], 1, *x1.shape[place:]))
    right = reshape(x2, (*x2.shape[:-2], 1, *x2.shape[-2:]))
    return _Gaps(binary("sub", build.broadcast(left, shape), build.broadcast(right, shape)), turned)


def _distances(x1: Node, x2: Node, p: float) -> Node:
    found = _gaps(x1, x2)
    gaps, last = found.value, found.axis
    size = unary("abs", gaps)
    if not x1.shape[-1]:
        shape = tuple(each for axis, each in enumerate(gaps.shape) if axis != last)
        return const(0, shape, gaps.dtype)
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


def _by_products(x1: Node, x2: Node) -> Node:
    """Euclidean distances from |a|**2 + |b|**2 - 2 a b, which is what the user asks for: of rows
    that lie close together little is left of the digits."""
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])

    def beside(x: Node, factor: float, squares_first: bool) -> Node:
        squares = reduce(times(x, x), "sum", (x.ndim - 1,))
        squares = reshape(squares, (*squares.shape, 1))
        ones = const(1, squares.shape, x.dtype)
        ends = [squares, ones] if squares_first else [ones, squares]
        whole = build.cat([times(x, const(factor, x.shape, x.dtype)), *ends], x.ndim - 1)
        return build.broadcast(whole, (*batch, *whole.shape[-2:]))

    left, right = beside(x1, -2, True), beside(x2, 1, False)
    turned = build.permute(right, (*range(len(batch)), right.ndim - 1, right.ndim - 2))
    found = build.dot(left, turned)
    return unary("sqrt", binary("maximum", found, const(0, found.shape, found.dtype)))


@cdist.vjp
def _(g: Node, out: Node, x1: Node, x2: Node, p: float, compute_mode: str) -> Grads:
    many = out.size > 0 and max(out.shape[-2:]) > _MANY
    if p == 2 and many and compute_mode != _MODES[2]:
        return _grads_by_products(g, out, x1, x2)
    found = _gaps(x1, x2)
    gaps, far, seed = found.value, found.spread(out), found.spread(g)
    zero = const(0, gaps.shape, gaps.dtype)
    # Equal rows have no direction: 0, not nan, and so in the gradient of this.
    equal = binary("eq", far, zero)
    one = const(1, gaps.shape, gaps.dtype)
    far = build.where(equal, one, far)
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
        ratio = build.where(equal, one, binary("div", unary("abs", gaps), far))
        powers = binary("pow", ratio, const(p - 1, gaps.shape, gaps.dtype))
        slope = binary("mul", binary("mul", seed, sign), powers)
    slope = build.where(equal, zero, slope)
    left, right = found.sums(slope)
    return _folded(left, x1), _folded(unary("neg", right), x2)


def _grads_by_products(g: Node, out: Node, x1: Node, x2: Node) -> Grads:
    """Of Euclidean distances: sum over r of w[p, r] (x1[p] - x2[r]), w = g / distance, as a sum of
    w and a product with x2, which is what PyTorch has for so many rows.

    Both sets are moved by the mean of x2, which changes no difference, so that the two parts are no
    larger than the sets are wide.
    """
    zero, one = const(0, out.shape, out.dtype), const(1, out.shape, out.dtype)
    equal = binary("eq", out, zero)
    weight = build.where(equal, zero, binary("div", g, build.where(equal, one, out)))
    batch, columns = out.shape[:-2], x1.shape[-1]
    middle = mean_of(x2, (x2.ndim - 2,))
    middle = reshape(middle, (*middle.shape[:-1], 1, columns))

    def moved(x: Node) -> Node:
        shape = (*batch, x.shape[-2], columns)
        return binary("sub", build.broadcast(x, shape), build.broadcast(middle, shape))

    def pulled(x: Node, others: Node, weight: Node) -> Node:
        """Each row of ``x`` from the ``others``; weight (.., rows of x, rows of others)."""
        total = reduce(weight, "sum", (weight.ndim - 1,))
        total = build.expand(reshape(total, (*total.shape, 1)), x.shape)
        return binary("sub", times(total, x), build.dot(weight, others))

    left, right = moved(x1), moved(x2)
    back = build.permute(weight, (*range(len(batch)), out.ndim - 1, out.ndim - 2))
    return _folded(pulled(left, right, weight), x1), _folded(pulled(right, left, back), x2)


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
