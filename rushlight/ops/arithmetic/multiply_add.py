"""Products and sums in one: lerp, addcmul, addcdiv."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import c_name
from rushlight.ops.pointwise import abs
from rushlight.ops.promote import (
    align,
    common_dtype,
    compute_dtype,
    full,
    grad_to,
    number_kind,
    shape_of,
)
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, raises
from rushlight.ops.table import Grads, Operand, Scalar, composite


@composite(method=True, inplace=True)
def lerp(input: Node, end: Node, weight: Operand) -> Node:
    """input + weight * (end - input), computed from the nearer end."""
    for name, each in (("end", end), ("weight", weight)):
        if isinstance(each, Node) and each.dtype is not input.dtype:
            if name == "weight" and not each.ndim:
                continue  # a number, whatever it is stored as
            raise RuntimeError(
                f"expected dtype {c_name(input.dtype)} for `{name}` but got dtype "
                f"{c_name(each.dtype)}"
            )
    kind = weight.dtype if isinstance(weight, Node) else number_kind(weight)
    if kind.is_complex and not input.dtype.is_complex:
        raise RuntimeError("value cannot be converted to type float without overflow")
    kind, shape = input.dtype, shape_of(input, end, weight)
    dtype = compute_dtype(kind)
    x, y, w = (full(each, shape, dtype) for each in (input, end, weight))
    delta = binary("sub", y, x)
    near = build.fma(w, delta, x)
    far = build.fma(unary("neg", delta), binary("sub", const(1, shape, dtype), w), y)
    size: Node = abs(w)
    out = build.where(binary("lt", size, const(0.5, shape, size.dtype)), near, far)
    return build.cast(out, kind)


@lerp.vjp
def _(g: Node, out: Node, input: Node, end: Node, weight: Operand) -> Grads:
    # Halves are rounded in between, as PyTorch's are.
    share = full(weight, g.shape, compute_dtype(g.dtype))
    rest = build.cast(binary("sub", const(1, g.shape, share.dtype), share), g.dtype)
    x, y = align(input, end)
    return (
        grad_to(binary("mul", g, rest), input),
        grad_to(binary("mul", g, build.cast(share, g.dtype)), end),
        grad_to(binary("mul", g, binary("sub", y, x)), weight),
    )


@lerp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), 0.3), {}
    yield (floats(rng, 4, 1), floats(rng, 5), floats(rng, 4, 5)), {}
    yield (floats(rng), floats(rng, 3), 0.9), {}
    yield (np.zeros((0, 2)), np.ones(2), 0.5), {}


@composite(method=True, inplace=True)
def addcmul(input: Node, tensor1: Node, tensor2: Node, *, value: Scalar = 1) -> Node:
    """input + value * tensor1 * tensor2."""
    dtype = common_dtype(input, tensor1, tensor2)
    x, a, b = align(input, tensor1, tensor2, dtype=compute_dtype(dtype))
    scaled = binary("mul", full(value, x.shape, x.dtype), a)
    return build.cast(build.fma(scaled, b, x), dtype)


@addcmul.vjp
def _(g: Node, out: Node, input: Node, tensor1: Node, tensor2: Node, value: Scalar) -> Grads:
    # Each factor is scaled and, of halves, rounded before it meets the cotangent.
    def times_value(factor: Node) -> Node:
        number = full(value, g.shape, compute_dtype(g.dtype))
        wide = full(factor, g.shape, number.dtype)
        return build.cast(binary("mul", number, wide), g.dtype)

    return (
        grad_to(g, input),
        grad_to(binary("mul", g, times_value(tensor2)), tensor1),
        grad_to(binary("mul", g, times_value(tensor1)), tensor2),
    )


@addcmul.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), floats(rng, 5)), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1), floats(rng)), {"value": 0.5}
    yield (INTEGERS, INTEGERS, INTEGERS), {"value": 2}


@composite(method=True, inplace=True)
def addcdiv(input: Node, tensor1: Node, tensor2: Node, *, value: Scalar = 1) -> Node:
    """input + value * tensor1 / tensor2."""
    dtype = common_dtype(input, tensor1, tensor2)
    x, a, b = align(input, tensor1, tensor2, dtype=compute_dtype(dtype))
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release "
            "addcdiv will perform a true division of tensor1 and tensor2."
        )
    quotient = binary("div", binary("mul", full(value, x.shape, x.dtype), a), b)
    return build.cast(binary("add", x, quotient), dtype)


@addcdiv.vjp
def _(g: Node, out: Node, input: Node, tensor1: Node, tensor2: Node, value: Scalar) -> Grads:
    _, _, b = align(input, tensor1, tensor2)
    # The numerator is rounded in its own dtype, where that is narrower.
    kind, wide = tensor1.dtype, compute_dtype(tensor1.dtype)
    times = full(value, tensor1.shape, wide)
    top = build.cast(binary("mul", times, build.cast(tensor1, wide)), kind)
    slope = binary("div", full(top, g.shape, g.dtype), binary("mul", b, b))
    return (
        grad_to(g, input),
        grad_to(binary("mul", g, binary("div", full(value, g.shape, g.dtype), b)), tensor1),
        grad_to(unary("neg", binary("mul", g, slope)), tensor2),
    )


@addcdiv.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), floats(rng, 5, low=0.5)), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1), floats(rng, low=1)), {"value": 0.5}


addcdiv.bad_inputs(raises(((INTEGERS,) * 3, {}, RuntimeError, "Integer division with addcdiv")))
