"""Variance and standard deviation: var, std, var_mean, std_mean."""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.shape import normalize_dims
from rushlight.base.warn import recording, warn
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import squared_modulus
from rushlight.ops.formula import scaled
from rushlight.ops.promote import compute_dtype
from rushlight.ops.reduce.dims import Dims, count_of, finish, kept_shape, widen
from rushlight.ops.reduce.sum import mean_of
from rushlight.ops.samples import INTEGERS, raises, spreads
from rushlight.ops.table import Grads, composite


def _moments(
    who: str, input: Node, dim: Dims, unbiased: bool | None, correction: Any
) -> tuple[Node, Node, tuple[int, ...]]:
    """Variance and mean (reduced, compute dtype) and the axes."""
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        raise RuntimeError("std and var only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    x = build.cast(input, compute_dtype(input.dtype))
    axes = normalize_dims(dim, x.ndim)
    average = mean_of(x, axes)
    centred = binary("sub", x, widen(average, x, axes))
    squares = reduce(squared_modulus(centred), "sum", axes)
    left = count_of(x.shape, axes) - correction
    if left <= 0 and recording.now:
        warn(
            f"{who}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel)."
        )
    divisor = max(left, 0)
    return binary("div", squares, const(divisor, squares.shape, squares.dtype)), average, axes


def _var_arguments(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, Any]:
    if isinstance(dim, bool):  # var(True) means unbiased=True over everything
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError("takes unbiased or correction, not both")
    return dim, unbiased


@composite(method=True)
def var(
    input: Node, dim: Dims | bool = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> Node:  # fmt: skip
    """Variance over ``dim``, divided by count - correction (1 unless said otherwise)."""
    dim, unbiased = _var_arguments(dim, unbiased, correction)
    spread, _, axes = _moments("var", input, dim, unbiased, correction)
    return build.cast(finish(spread, input, axes, keepdim), input.dtype.to_real())


@var.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    dim: Dims | bool,
    unbiased: bool | None,
    keepdim: bool,
    correction: int | float | None,
) -> Grads:
    return (_slope_of_var(g, input, dim, unbiased, correction),)


def _left(
    input: Node, axes: tuple[int, ...], unbiased: bool | None, correction: float | None
) -> float:
    """What the sum of squares is divided by."""
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    return max(count_of(input.shape, axes) - correction, 0)


def _slope_of_var(
    g: Node, x: Node, dim: Dims | bool, unbiased: bool | None, correction: int | float | None
) -> Node:
    """2 / left * g * (x - mean), rounded after each step, as PyTorch's is."""
    dim, unbiased = _var_arguments(dim, unbiased, correction)
    axes = normalize_dims(dim, x.ndim)
    left = _left(x, axes, unbiased, correction)
    seed = scaled(reshape(g, kept_shape(x.shape, axes)), 2 / left if left else math.inf)
    average = build.cast(mean_of(build.cast(x, compute_dtype(x.dtype)), axes), x.dtype)
    centred = binary("sub", x, widen(average, x, axes))
    return binary("mul", build.expand(build.cast(seed, x.dtype), x.shape), centred)


var.samples(spreads())
var.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "floating point")))


@composite(method=True)
def std(
    input: Node, dim: Dims | bool = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> Node:  # fmt: skip
    """The square root of ``var``."""
    dim, unbiased = _var_arguments(dim, unbiased, correction)
    spread, _, axes = _moments("std", input, dim, unbiased, correction)
    return build.cast(finish(unary("sqrt", spread), input, axes, keepdim), input.dtype.to_real())


@std.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    dim: Dims,
    unbiased: bool | None,
    keepdim: bool,
    correction: int | float | None,
) -> Grads:
    # A constant row has no slope: PyTorch gives 0 there, not nan.
    zero, one = const(0, out.shape, out.dtype), const(1, out.shape, out.dtype)
    flat = binary("eq", out, zero)
    twice = build.where(flat, one, scaled(out, 2))
    seed = build.where(flat, zero, binary("div", g, twice))
    return (_slope_of_var(seed, input, dim, unbiased, correction),)


std.samples(spreads())
std.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "floating point")))


@composite
def var_mean(
    input: Node, dim: Dims | bool = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> tuple[Node, Node]:  # fmt: skip
    """(var, mean)."""
    dim, unbiased = _var_arguments(dim, unbiased, correction)
    _, average, axes = _moments("var_mean", input, dim, unbiased, correction)
    recording.now = False  # var would warn of the same once more
    return (
        var(input, dim, unbiased, keepdim, correction=correction),
        build.cast(finish(average, input, axes, keepdim), input.dtype),
    )


var_mean.samples(spreads())


@composite
def std_mean(
    input: Node, dim: Dims | bool = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> tuple[Node, Node]:  # fmt: skip
    """(std, mean)."""
    dim, unbiased = _var_arguments(dim, unbiased, correction)
    _, average, axes = _moments("std_mean", input, dim, unbiased, correction)
    recording.now = False  # std would warn of the same once more
    return (
        std(input, dim, unbiased, keepdim, correction=correction),
        build.cast(finish(average, input, axes, keepdim), input.dtype),
    )


std_mean.samples(spreads())
