"""Shares of one: softmax, log_softmax."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import zeros_of
from rushlight.ops.promote import compute_dtype, require_floating
from rushlight.ops.reduce.dims import widen
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats
from rushlight.ops.scatter import at_least_1d
from rushlight.ops.table import Grads, composite


def _implicit_dim(ndim: int) -> int:
    """What ``dim=None`` meant in old PyTorch."""
    return 0 if ndim in (0, 1, 3) else 1


def _rows(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 1), {}
    yield (floats(rng, 2, 3, 4), -2), {}
    yield (floats(rng, 2, 3, 4), 0), {}
    yield (floats(rng, 70, 33), 0), {}
    yield (np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 1.0], [1e4, -1e4]]), 1), {}
    yield (np.array([[-np.inf, 0.0, 1.0], [88.0, 89.0, 90.0]]), -1), {}
    yield (np.asarray(2.0), 0), {}
    yield (np.asarray(np.nan), 0), {}
    yield (np.zeros((0, 3)), 1), {}
    yield (np.zeros((3, 0)), 1), {}
    yield (INTEGERS, 1), {"dtype": float32}


def _shifted(x: Node, axis: int) -> Node:
    # A nan needs no care: its own exponential is nan, then the sum, then the whole row.
    top = reduce(x, "fmax", (axis,))
    # A row of -inf alone would be nan after the shift, as in PyTorch.
    return binary("sub", x, widen(top, x, (axis,)))


def _softmax_input(
    who: str, input: Node, dim: int | None, dtype: DType | None
) -> tuple[Node, int, DType]:
    dtype = input.dtype if dtype is None else dtype
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    x = build.cast(input, dtype)
    if x.size:
        last = "lastdim_" if axis == max(x.ndim - 1, 0) else ""
        require_floating(f"{who}_{last}kernel_impl", x)
    return build.cast(at_least_1d(x), compute_dtype(dtype)), axis, dtype


@composite(method=True, grad_name="Softmax")
def softmax(input: Node, dim: int | None, dtype: DType | None = None) -> Node:
    """exp(x) / sum(exp(x)) along ``dim``."""
    x, axis, dtype = _softmax_input("softmax", input, dim, dtype)
    if x.size == 0:
        return const(1, input.shape, dtype)
    e = unary("exp", _shifted(x, axis))
    total = reduce(e, "sum", (axis,))
    shares = build.cast(binary("mul", e, widen(unary("reciprocal", total), e, (axis,))), dtype)
    return reshape(shares, input.shape)


@softmax.vjp
def _(g: Node, out: Node, input: Node, dim: int | None, dtype: DType | None) -> Grads:
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    if input.size == 0:
        return (zeros_of(input),)
    wide = compute_dtype(out.dtype)
    g, out = (at_least_1d(build.cast(each, wide)) for each in (g, out))
    weighted = binary("mul", g, out)
    total = widen(reduce(weighted, "sum", (axis,)), out, (axis,))
    slope = binary("sub", weighted, binary("mul", out, total))
    return (reshape(build.cast(slope, input.dtype), input.shape),)


softmax.samples(_rows)


@composite(method=True, grad_name="LogSoftmax")
def log_softmax(input: Node, dim: int | None, dtype: DType | None = None) -> Node:
    """x - log(sum(exp(x))) along ``dim``, shifted so that nothing overflows."""
    x, axis, dtype = _softmax_input("log_softmax", input, dim, dtype)
    if x.size == 0:
        return const(0, input.shape, dtype)
    shifted = _shifted(x, axis)
    total = reduce(unary("exp", shifted), "sum", (axis,))
    if axis == x.ndim - 1:  # where PyTorch keeps halves as such between its loops
        total = build.cast(build.cast(total, dtype), x.dtype)
        total = build.cast(build.cast(unary("log", total), dtype), x.dtype)
    else:
        total = unary("log", total)
    logs = build.cast(binary("sub", shifted, widen(total, x, (axis,))), dtype)
    return reshape(logs, input.shape)


@log_softmax.vjp
def _(g: Node, out: Node, input: Node, dim: int | None, dtype: DType | None) -> Grads:
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    if input.size == 0:
        return (zeros_of(input),)
    wide = compute_dtype(out.dtype)
    g, out = (at_least_1d(build.cast(each, wide)) for each in (g, out))
    total = widen(reduce(g, "sum", (axis,)), out, (axis,))
    slope = build.fma(unary("neg", unary("exp", out)), total, g)
    return (reshape(build.cast(slope, input.dtype), input.shape),)


log_softmax.samples(_rows)
