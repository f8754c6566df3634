"""Running sums and products, and differences of neighbours: cumsum, cumprod, diff."""

from __future__ import annotations

from rushlight.base.dtype import bool_, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops import derive
from rushlight.ops.movement.join import cat
from rushlight.ops.samples import Rng, Samples, floats, running
from rushlight.ops.table import Grads, composite


@composite(method=True)
def diff(
    input: Node, n: int = 1, dim: int = -1, prepend: Node | None = None, append: Node | None = None
) -> Node:
    """Each element minus the one before along ``dim``, ``n`` times."""
    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if n == 0:  # as PyTorch: nothing is put on, and no axis is asked for
        return input
    axis = normalize_dim(dim, input.ndim)
    parts = [part for part in (prepend, input, append) if part is not None]
    x = cat(parts, axis) if len(parts) > 1 else input
    for _ in range(min(n, x.shape[axis])):
        count = x.shape[axis] - 1
        shape = tuple(count if k == axis else size for k, size in enumerate(x.shape))
        start = tuple(1 if k == axis and count else 0 for k in range(x.ndim))
        ones = (1,) * x.ndim
        later = build.slice(x, start, shape, ones)
        earlier = build.slice(x, (0,) * x.ndim, shape, ones)
        x = binary("ne" if x.dtype.name == "bool" else "sub", later, earlier)
    return x


@composite(method=True, inplace=True)
def cumsum(input: Node, dim: int, *, dtype: DType | None = None) -> Node:
    """Running sum along ``dim``; integers as int64."""
    return _running("sum", input, dim, dtype)


cumsum.samples(running())


@composite(method=True, inplace=True)
def cumprod(input: Node, dim: int, *, dtype: DType | None = None) -> Node:
    """Running product along ``dim``; integers as int64."""
    return _running("prod", input, dim, dtype)


@cumprod.vjp
def _(g: Node, out: Node, input: Node, dim: int, dtype: DType | None) -> Grads:
    if input.ndim == 0:
        return (build.cast(g, input.dtype),)
    slope = cumprod_slope(g, build.cast(input, out.dtype), normalize_dim(dim, input.ndim))
    return (build.cast(slope, input.dtype),)


@composite(torch=False, name="_cumprod_slope", grad_name="Cumprod", complex_rule=True)
def cumprod_slope(g: Node, input: Node, axis: int) -> Node:
    """The gradient of a running product: sum over j >= i of g[j] * out[j] / x[i].

    Where x is zero for the first time it is the sum over the products without it; behind, and
    where a second zero stands, zero (pytorch.org/docs/stable/generated/torch.cumprod.html).
    """
    shape = input.shape
    zero = const(0, shape, input.dtype)
    is_zero = binary("eq", input, zero)
    count = build.scan(build.cast(is_zero, int64), "sum", axis)  # zeros up to here
    none, once = (binary("eq", count, const(n, shape, int64)) for n in (0, 1))
    first = binary("and", once, is_zero)
    terms = build.where(none, binary("mul", g, build.scan(input, "prod", axis)), zero)
    before = binary("div", _running_back(terms, axis), input)
    others = build.scan(build.where(first, const(1, shape, input.dtype), input), "prod", axis)
    through = reduce(build.where(once, binary("mul", g, others), zero), "sum", (axis,))
    kept = tuple(1 if k == axis else size for k, size in enumerate(shape))
    at_zero = build.expand(reshape(through, kept), shape)
    return build.where(none, before, build.where(first, at_zero, zero))


@cumprod_slope.vjp
def _(h: Node, out: Node, g: Node, input: Node, axis: int) -> Grads:
    # Where a zero stands, the slope above leaves out terms that have a slope themselves.
    (along_g, along_x) = derive.through_body(
        lambda fresh: (_slope_of_products(fresh[0], fresh[1], axis),),
        (h,),
        (out,),
        (g, input),
        0b11,
    )
    return (along_g, along_x)


@cumprod_slope.samples
def _(rng: Rng) -> Samples:
    x, g = floats(rng, 3, 4), floats(rng, 3, 4)
    x[1, 2] = 0
    yield (g, x, 1), {}
    yield (g[:0], x[:0], 0), {}


def _slope_of_products(g: Node, x: Node, axis: int) -> Node:
    """``cumprod_slope`` from all products without one factor: quadratic in the axis' length."""
    n = x.shape[axis]
    # others[i, j]: the product of x[..j] without x[i], for j >= i, built without division.
    wide = (*x.shape[:axis], n, *x.shape[axis:])
    rows = build.expand(reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])), wide)
    i, j = build.iota(wide, axis), build.iota(wide, axis + 1)
    without = build.where(binary("eq", i, j), const(1, wide, x.dtype), rows)
    products = cumprod(without, axis + 1)  # the op: it has a derivative again
    weight = build.expand(reshape(g, (*g.shape[:axis], 1, *g.shape[axis:])), wide)
    terms = build.where(
        binary("le", i, j), binary("mul", products, weight), const(0, wide, x.dtype)
    )
    return reduce(terms, "sum", (axis + 1,))


def _running_back(x: Node, axis: int) -> Node:
    """The running sum from the far end."""
    if not x.shape[axis]:
        return x
    start = tuple(x.shape[axis] - 1 if k == axis else 0 for k in range(x.ndim))
    step = tuple(-1 if k == axis else 1 for k in range(x.ndim))
    turned = build.scan(build.slice(x, start, x.shape, step), "sum", axis)
    return build.slice(turned, start, x.shape, step)


cumprod.samples(running())


def _running(kind: str, input: Node, dim: int, dtype: DType | None) -> Node:
    axis = normalize_dim(dim, input.ndim)
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    if dtype is bool_:
        name = "cumsum" if kind == "sum" else "cumprod"
        raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
    x = build.cast(input, dtype)
    return build.scan(x, kind, axis) if x.ndim else x
