"""Numbers as a fraction times a power of two, and powers in double precision."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bool_, complex128, float64, int32
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops import return_types
from rushlight.ops.arithmetic.power import pow
from rushlight.ops.formula import like, scaled, times
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import (
    align,
    common_dtype,
    floating,
    full,
    grad_to,
    is_number,
    require_tensor,
    shape_of,
)  # fmt: skip
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, of_two
from rushlight.ops.table import Grads, Op, Operand, Power, composite


@composite(method=True, inplace=True)
def ldexp(input: Node, other: Node) -> Node:
    """input * 2**other."""
    return times(*_factors(input, other, floating(common_dtype(input, other))))


def _factors(input: Node, other: Node, dtype: DType) -> list[Node]:
    """``input`` and 2**other, of one shape."""
    y = build.cast(other, dtype)
    return align(input, binary("pow", like(y, 2), y), dtype=dtype)


@ldexp.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    _, factor = _factors(input, other, out.dtype)
    return grad_to(times(g, factor), input), grad_to(scaled(times(g, out), math.log(2)), other)


@ldexp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), INTEGERS[:, :1][:1]), {}
    yield (floats(rng, 3), np.array([2, -1, 5])), {}
    yield (INTEGERS, np.array([1, 0, 2])), {}


@host("frexp", results=2)
def _host_frexp(arrays: tuple[Array, ...], params: tuple[int, ...]) -> tuple[Array, Array]:
    wide = arrays[0] if arrays[0].dtype.kind == "f" else arrays[0].astype(np.float32)
    mantissa, exponent = np.frexp(wide)
    return mantissa, exponent


@composite(method=True)
def frexp(input: Node) -> tuple[Node, Node]:
    """(mantissa, exponent): input = mantissa * 2**exponent, 0.5 <= \\|mantissa\\| < 1."""
    if not input.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    found: tuple[Node, Node] = return_types.frexp(
        build.host("frexp", (input,), input.shape, input.dtype, (0,)),
        build.host("frexp", (input,), input.shape, int32, (1,)),
    )
    return found


@frexp.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node) -> Grads:
    power = build.cast(unary("neg", out[1]), input.dtype)
    return (times(g[0], binary("pow", like(power, 2), power)),)


@frexp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5, low=-50, high=50),), {}
    yield (np.array([0.0, -0.0, 1.0, 0.5, -8.0]),), {}
    yield (np.zeros((0, 3)),), {}
    yield (floats(rng),), {}


@composite(method=True, inplace=True)
def float_power(input: Operand, exponent: Power) -> Node:
    """input ** exponent, computed as float64 (complex128)."""
    require_tensor("float_power", input, exponent)
    shape = shape_of(input, exponent)
    kind = common_dtype(input, exponent)
    wide = complex128 if kind.is_complex else float64
    by: Power = full(exponent, shape, wide)
    if isinstance(exponent, (int, float)) and not is_number(input):
        by = float(exponent)  # a small whole one is multiplied out
    made: Node = pow(full(input, shape, wide), by)
    return made


@float_power.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5, low=0.2), floats(rng, 5)), {}
    yield (floats(rng, 4, 5, low=0.2), 2), {}
    yield (3, floats(rng, 4)), {}
    yield (INTEGERS, -1.5), {}
    yield (np.array([True, False]), np.array([2, 3])), {}


@composite(method=True, inplace=True)
def nextafter(input: Node, other: Node) -> Node:
    """The next floating-point number after input, toward other."""
    x, y = align(input, other)
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f'"nextafter" not implemented for {x.dtype}')
    return binary("nextafter", x, y)


@nextafter.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    zero = like(g, 0)
    return grad_to(build.where(binary("eq", x, y), zero, g), input), grad_to(zero, other)


nextafter.samples(of_two(whole=False, bools=False, number=False))


def _euclid(name: str, doc: str) -> None:
    compute = getattr(np, name)

    @host(name)
    def _(arrays: tuple[Array, ...], params: tuple[int, ...]) -> Array:
        found: Array = compute(*arrays)
        return found

    def body(input: Node, other: Node) -> Node:
        x, y = align(input, other)
        if x.dtype.is_floating_point or x.dtype is bool_:
            raise NotImplementedError(
                f"\"{name}_cpu\" not implemented for '{legacy_name(x.dtype)}'"
            )
        return build.host(name, (x, y), x.shape, x.dtype)

    def rows(rng: Rng) -> Samples:
        yield (INTEGERS, np.array([12, -4, 0])), {}
        yield (INTEGERS.astype(np.int32), np.array([[6], [15]], np.uint8)), {}
        yield (np.zeros((0, 3), np.int64), np.array(4)), {}

    body.__name__ = name
    body.__doc__ = doc
    made: Op = composite(body, method=True, inplace=True, differentiable=False)
    made.samples(rows)


_euclid("gcd", "The greatest common divisor of whole numbers, never negative.")
_euclid("lcm", "The least common multiple of whole numbers, never negative.")


@composite(method=True, inplace=True, differentiable=False)
def heaviside(input: Node, values: Node) -> Node:
    """0 below 0, 1 above, ``values`` at 0."""
    if input.dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    x, y = align(input, values)
    zero = like(x, 0)
    step = build.cast(binary("lt", zero, x), x.dtype)
    return build.where(binary("eq", x, zero), y, step)


@heaviside.samples
def _(rng: Rng) -> Samples:
    yield (np.array([-1.5, 0.0, 2.0, np.nan]), np.array([[0.5], [0.25]])), {}
    yield (INTEGERS, np.array(7)), {}
