"""Complex numbers and their parts: real, imag, conj, angle, complex, polar, view_as_real.

The gradient of a real L is dL/d(Re z) + i dL/d(Im z) (ops/derive.py). Parts are taken apart and
put together by ``bitcast``, whose derivative is itself, so most gradients follow from the bodies.
"""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import shape_of, unbroadcast
from rushlight.ops.samples import Rng, Samples, floats, raises
from rushlight.ops.table import Grads, composite


def refuse_complex(message: str, *operands: object) -> None:
    """NotImplementedError where an operand is complex: what has no order has no such function."""
    for each in operands:
        if isinstance(each, Node) and each.dtype.is_complex:
            raise NotImplementedError(message.format(legacy_name(each.dtype)))


@host("complex_abs", complex=True)
def _host_abs(arrays: tuple[Array, ...], params: tuple[object, ...]) -> Array:
    return np.abs(arrays[0])


def modulus(x: Node) -> Node:
    """|z| as real numbers, without overflow. The gradient is the caller's."""
    return build.host("complex_abs", (x,), x.shape, x.dtype.to_real())


def squared_modulus(x: Node) -> Node:
    """|z|**2 as real numbers; x * x of real ones."""
    if not x.dtype.is_complex:
        return binary("mul", x, x)
    re, im = build.real(x), build.imag(x)
    return binary("add", binary("mul", re, re), binary("mul", im, im))


def adjoint(x: Node) -> Node:
    """The last two axes swapped and conjugated; of real matrices the transpose."""
    axes = (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    return build.conj(build.permute(x, axes))


@composite(torch=False, name="_real", grad_name="Real")
def real(input: Node) -> Node:
    """The real part, as a copy; real numbers as they are."""
    return build.real(input)


@real.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3),), {}


@composite(torch=False, name="_imag", grad_name="Imag")
def imag(input: Node) -> Node:
    """The imaginary part, as a copy."""
    if not input.dtype.is_complex:
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return build.imag(input)


imag.samples(lambda rng: iter(()))
imag.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "imag is not implemented")))


@composite(torch=False, name="_view_as_real", grad_name="ViewAsReal")
def view_as_real(input: Node) -> Node:
    """Complex (*) as real (*, 2), as a copy."""
    if not input.dtype.is_complex:
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return build.parts(input)


view_as_real.samples(lambda rng: iter(()))
view_as_real.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "only supported for complex")))


@composite(torch=False, name="_view_as_complex", grad_name="ViewAsComplex")
def view_as_complex(input: Node) -> Node:
    """Real (*, 2) as complex (*), as a copy."""
    if input.dtype.name not in ("float32", "float64"):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {legacy_name(input.dtype)}"
        )
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return build.from_parts(input)


view_as_complex.samples(lambda rng: iter((((floats(rng, 3, 2),), {}),)))
view_as_complex.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "dimension of size 2")))


@composite(method=True, inplace=True)
def conj_physical(input: Node) -> Node:
    """The complex conjugate; real numbers as they are."""
    return build.conj(input)


conj_physical.samples(lambda rng: iter((((floats(rng, 3),), {}),)))


@composite(torch=False, name="_conj", grad_name="Conj")
def conj(input: Node) -> Node:
    """The complex conjugate, as a copy."""
    return build.conj(input)


conj.samples(lambda rng: iter((((floats(rng, 3),), {}),)))


def _two_parts(first: str, input: Node, other: Node) -> tuple[Node, Node]:
    kinds = [legacy_name(x.dtype) for x in (input, other)]
    if not all(x.dtype.name in ("float16", "float32", "float64") for x in (input, other)):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {kinds[0]} and "
            f"{kinds[1]}"
        )
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            f"Expected object of scalar type {kinds[0]} but got scalar type {kinds[1]} for second "
            "argument"
        )
    if input.dtype.name == "float16":
        raise NotImplementedError(f"{first} of half precision: there is no complex32")
    shape = shape_of(input, other)
    return build.broadcast(input, shape), build.broadcast(other, shape)


@composite(name="complex")
def complex_(real: Node, imag: Node) -> Node:
    """real + i imag, of two tensors of one floating dtype, broadcast."""
    return build.complex_of(*_two_parts("complex", real, imag))


@complex_.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), floats(rng, 3)), {}
    yield (floats(rng), floats(rng)), {}
    yield (floats(rng, 0, 2), floats(rng, 2)), {}


complex_.bad_inputs(
    raises(((np.ones(3), np.ones(3, np.float32)), {}, RuntimeError, "Expected object of scalar"))
)


@composite
def polar(abs: Node, angle: Node) -> Node:
    """abs * (cos(angle) + i sin(angle)), broadcast."""
    size, turn = _two_parts("polar", abs, angle)
    parts = (binary("mul", size, unary(name, turn)) for name in ("cos", "sin"))
    return build.complex_of(*parts)


@polar.vjp
def _(g: Node, out: Node, abs: Node, angle: Node) -> Grads:
    # As PyTorch has it: the direction is the result's own, so a length below 0 is taken for
    # its modulus, and none has slope 0.
    along = build.real(binary("mul", g, unary("sign", out)))
    around = build.complex_of(unary("neg", build.imag(out)), build.real(out))
    across = build.real(binary("mul", g, around))
    return unbroadcast(along, abs.shape), unbroadcast(across, angle.shape)


@polar.samples
def _(rng: Rng) -> Samples:
    # No negative lengths: their slope is no derivative.
    yield (floats(rng, 2, 3, low=0.25, high=2), floats(rng, 3)), {}


@composite(torch=False, name="_angle", grad_name="Angle")
def angle(input: Node) -> Node:
    """The angle of complex numbers in (-pi, pi]."""
    return binary("atan2", build.imag(input), build.real(input))


@angle.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    # i z / |z|**2 points along growing angles; nothing does at 0.
    size = squared_modulus(input)
    flat = binary("eq", size, const(0, size.shape, size.dtype))
    scale = binary("div", g, build.where(flat, const(1, size.shape, size.dtype), size))
    scale = build.where(flat, const(0, size.shape, size.dtype), scale)
    across = build.complex_of(unary("neg", build.imag(input)), build.real(input))
    return (binary("mul", build.cast(scale, input.dtype), across),)


angle.samples(lambda rng: iter(()))


@composite(torch=False, name="_angle_of_real", grad_name="Angle")
def angle_of_real(input: Node) -> Node:
    """0, pi below 0, nan of nan."""
    zero = const(0, input.shape, input.dtype)
    turned = build.where(binary("lt", input, zero), const(math.pi, input.shape, input.dtype), zero)
    return build.where(binary("ne", input, input), input, turned)


@angle_of_real.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    return (const(0, g.shape, g.dtype),)


@angle_of_real.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3),), {}
    yield (np.array([0.0, -0.0, np.nan, np.inf, -np.inf]),), {}


@composite(method=True, differentiable=False)
def isreal(input: Node) -> Node:
    """True where the imaginary part is 0: everywhere in real numbers."""
    if not input.dtype.is_complex:
        return const(True, input.shape, bool_)
    rest = build.imag(input)
    return binary("eq", rest, const(0, rest.shape, rest.dtype))


isreal.samples(lambda rng: iter((((floats(rng, 3),), {}),)))
