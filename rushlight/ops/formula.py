"""Short words for arithmetic of nodes of one shape and dtype, as bodies and gradients write it."""

from __future__ import annotations

from rushlight.base.dtype import float16, float32
from rushlight.ir.build import binary, cast, const, fma, iota, reshape, unary, where
from rushlight.ir.build import scatter as put_at
from rushlight.ir.graph import Node
from rushlight.ops.promote import compute_dtype


def like(x: Node, value: float) -> Node:
    """``value`` everywhere, in the shape and dtype of ``x``."""
    return const(value, x.shape, x.dtype)


def zeros_of(x: Node) -> Node:
    """0 everywhere, in the shape and dtype of ``x``."""
    return const(0, x.shape, x.dtype)


def plus(x: Node, y: Node) -> Node:
    """x + y."""
    return binary("add", x, y)


def minus(x: Node, y: Node) -> Node:
    """x - y."""
    return binary("sub", x, y)


def times(x: Node, y: Node) -> Node:
    """x * y."""
    return binary("mul", x, y)


def over(x: Node, y: Node) -> Node:
    """x / y."""
    return binary("div", x, y)


def scaled(x: Node, value: float) -> Node:
    """x * value, for a Python number, which is not rounded to half precision before."""
    wide = cast(x, compute_dtype(x.dtype))
    return cast(binary("mul", wide, like(wide, value)), x.dtype)


def increased(x: Node, value: float) -> Node:
    """x + value, for a Python number."""
    return binary("add", x, like(x, value))


def scaled_plus(x: Node, factor: float, value: float) -> Node:
    """x * factor + value, for Python numbers, rounded once."""
    return fma(x, like(x, factor), like(x, value))


_LANES = 32  # halves that PyTorch's kernels take together


def inverse_root(x: Node) -> Node:
    """1 / sqrt(x); of the last few halves the root is rounded, as where PyTorch takes one at a
    time."""
    together = x.size - x.size % _LANES
    if compute_dtype(x.dtype) is x.dtype or together == x.size:
        return unary("rsqrt", x)
    alone = unary("reciprocal", unary("sqrt", x))
    if not together:
        return alone
    place = reshape(iota((x.size,), 0), x.shape)
    return where(
        binary("lt", place, const(together, x.shape, place.dtype)), unary("rsqrt", x), alone
    )


def fused(x: Node, y: Node, z: Node) -> Node:
    """x * y + z, rounded once; of halves twice, as in PyTorch's kernels not written for them."""
    halves = compute_dtype(x.dtype) is not x.dtype
    return plus(times(x, y), z) if halves else fma(x, y, z)


def squared(x: Node) -> Node:
    """x * x."""
    return binary("mul", x, x)


def cubed(x: Node) -> Node:
    """x * x * x, as PyTorch has it: of float16 rounded once, of others after each product."""
    wide = cast(x, float32) if x.dtype is float16 else x
    return cast(times(squared(wide), wide), x.dtype)


def one_minus(x: Node) -> Node:
    """1 - x."""
    return binary("sub", like(x, 1), x)


def added_at(x: Node, index: Node, values: Node, axis: int) -> Node:
    """``x`` with values added at places along an axis; sums of halves are rounded at the end."""
    wide = compute_dtype(x.dtype)
    return cast(put_at(cast(x, wide), index, cast(values, wide), axis, "add"), x.dtype)
