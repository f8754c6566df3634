"""Bits, logic, comparison, and what kind of number an element is."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_, float32
from rushlight.base.limits import finfo
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import modulus, refuse_complex
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import align, full, require_tensor
from rushlight.ops.samples import (
    BOOLS,
    CORNERS,
    INTEGERS,
    Rng,
    Samples,
    floats,
    of_one,
    of_two,
    raises,
    with_options,
)  # fmt: skip
from rushlight.ops.table import Op, Operand, Scalar, composite


def _of_bits(rng: Rng) -> Samples:
    yield (INTEGERS, np.array([6, -1, 3])), {}
    yield (INTEGERS.astype(np.int32), np.array([6, 1, 3], np.uint8)), {}
    yield (BOOLS, ~BOOLS), {}
    yield (BOOLS, np.asarray(5)), {}
    yield (INTEGERS, 3), {}
    yield (np.zeros((0, 2), np.int64), np.zeros((1, 2), np.int64)), {}


def _shifted_bits(rng: Rng) -> Samples:
    yield (INTEGERS, np.array([1, 0, 3])), {}
    yield (INTEGERS.astype(np.int32), np.array([[1], [2]], np.int32)), {}
    yield (INTEGERS, 2), {}


# What PyTorch's kernels are called in its messages.
_KERNELS = {"bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift"}


def _bits(name: str, primitive: str, doc: str) -> Op:
    def body(input: Operand, other: Operand) -> Node:
        require_tensor(name, input, other)
        x, y = align(input, other)
        if x.dtype.is_floating_point or x.dtype.is_complex:
            raise NotImplementedError(
                f"\"{_KERNELS.get(name, name)}_cpu\" not implemented for '{legacy_name(x.dtype)}'"
            )
        return binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc} of integers or bools."
    made: Op = composite(body, method=True, inplace=True, differentiable=False)
    made.samples(_shifted_bits if primitive in ("shl", "shr") else _of_bits)
    made.bad_inputs(raises(((np.ones(3), 1), {}, NotImplementedError, "not implemented for")))
    return made


bitwise_and = _bits("bitwise_and", "and", "Bitwise and")
bitwise_or = _bits("bitwise_or", "or", "Bitwise or")
bitwise_xor = _bits("bitwise_xor", "xor", "Bitwise exclusive or")
bitwise_left_shift = _bits("bitwise_left_shift", "shl", "Left shift")
bitwise_right_shift = _bits("bitwise_right_shift", "shr", "Arithmetic right shift")


@composite(method=True, inplace=True, differentiable=False)
def bitwise_not(input: Node) -> Node:
    """Bitwise complement; logical not of bools."""
    if input.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"bitwise_not_cpu\" not implemented for '{legacy_name(input.dtype)}'"
        )
    return unary("not", input)


@bitwise_not.samples
def _(rng: Rng) -> Samples:
    for kind in (np.int64, np.int32, np.uint8, np.int8):
        yield (np.array([0, 1, 7], kind),), {}
    yield (BOOLS,), {}


bitwise_not.bad_inputs(raises(((np.ones(3),), {}, NotImplementedError, "bitwise_not")))


def _truth(x: Node) -> Node:
    return build.cast(x, bool_)


def _logic(name: str, primitive: str, doc: str) -> Op:
    def body(input: Node, other: Node) -> Node:
        x, y = align(_truth(input), _truth(other))
        return binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc} of truth values (not zero); the result is bool."
    made: Op = composite(body, method=True, inplace=True, differentiable=False)
    made.samples(of_two(number=False))
    return made


logical_and = _logic("logical_and", "and", "And")
logical_or = _logic("logical_or", "or", "Or")
logical_xor = _logic("logical_xor", "xor", "Exclusive or")


@composite(method=True, inplace=True, differentiable=False)
def logical_not(input: Node) -> Node:
    """True where x is zero."""
    return unary("not", _truth(input))


logical_not.samples(of_one())


def _comparison(name: str, make: str, doc: str, *aliases: str) -> Op:
    swap = make.startswith("swapped ")
    primitive = make.split()[-1]

    def body(input: Node, other: Operand) -> Node:
        x, y = align(input, other)
        if primitive in ("lt", "le"):
            refuse_complex(f"\"{name}_cpu\" not implemented for '{{}}'", x)
        return binary(primitive, y, x) if swap else binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc}, element by element; bool."
    made: Op = composite(body, method=True, inplace=True, differentiable=False, aliases=aliases)
    made.samples(of_two())
    return made


eq = _comparison("eq", "eq", "input == other")
ne = _comparison("ne", "ne", "input != other", "not_equal")
lt = _comparison("lt", "lt", "input < other", "less")
le = _comparison("le", "le", "input <= other", "less_equal")
gt = _comparison("gt", "swapped lt", "input > other", "greater")
ge = _comparison("ge", "swapped le", "input >= other", "greater_equal")


@composite(method=True, differentiable=False)
def isnan(input: Node) -> Node:
    """True where x is not a number."""
    return binary("ne", input, input)


isnan.samples(of_one())


@composite(method=True, differentiable=False)
def isinf(input: Node) -> Node:
    """True where x is infinite; of a complex number either part."""
    if input.dtype.is_complex:
        parts = (isinf.body(each) for each in (build.real(input), build.imag(input)))
        return binary("or", *parts)
    if not input.dtype.is_floating_point:
        return const(False, input.shape, bool_)
    return binary("eq", unary("abs", input), const(np.inf, input.shape, input.dtype))


isinf.samples(of_one())


@composite(method=True, differentiable=False)
def isfinite(input: Node) -> Node:
    """True where x is neither infinite nor nan."""
    if input.dtype.is_complex:
        parts = (isfinite.body(each) for each in (build.real(input), build.imag(input)))
        return binary("and", *parts)
    if not input.dtype.is_floating_point:
        return const(True, input.shape, bool_)
    return binary("lt", unary("abs", input), const(np.inf, input.shape, input.dtype))


isfinite.samples(of_one())


@composite(method=True, differentiable=False)
def isposinf(input: Node) -> Node:
    """True where x is +inf."""
    refuse_complex("isposinf does not support complex inputs.", input)
    out: Node = eq.body(input, np.inf) if input.dtype.is_floating_point else isinf.body(input)
    return out


isposinf.samples(of_one())


@composite(method=True, differentiable=False)
def isneginf(input: Node) -> Node:
    """True where x is -inf."""
    refuse_complex("isneginf does not support complex inputs.", input)
    out: Node = eq.body(input, -np.inf) if input.dtype.is_floating_point else isinf.body(input)
    return out


isneginf.samples(of_one())


@composite(method=True, differentiable=False)
def signbit(input: Node) -> Node:
    """True where the sign bit is set: negative numbers and -0.0."""
    refuse_complex("signbit is not implemented for complex tensors.", input)
    if not input.dtype.is_floating_point:
        out: Node = lt.body(input, 0)
        return out
    one = const(1, input.shape, input.dtype)
    return binary("lt", binary("copysign", one, input), const(0, input.shape, input.dtype))


signbit.samples(of_one())


@composite(method=True)
def isclose(
    input: Node, other: Node, rtol: Scalar = 1e-5, atol: Scalar = 1e-8, equal_nan: bool = False
) -> Node:
    """True where |input - other| <= atol + rtol * |other|, or both are equal."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{legacy_name(input.dtype)} did not match {legacy_name(other.dtype)}")
    x, y = align(input, other)
    close = binary("eq", x, y)
    real = x.dtype.is_floating_point or x.dtype.is_complex
    if real and equal_nan:
        close = binary("or", close, binary("and", binary("ne", x, x), binary("ne", y, y)))
    wide = x if real else build.cast(x, float32)
    other_wide = build.cast(y, wide.dtype)
    gap = _size(binary("sub", wide, other_wide))
    shape, dtype = gap.shape, gap.dtype
    allowed = binary(
        "add",
        full(atol, shape, dtype),
        binary("mul", full(rtol, shape, dtype), _size(other_wide)),
    )
    finite = binary("lt", gap, const(np.inf, shape, dtype))
    return binary("or", close, binary("and", finite, binary("le", gap, allowed)))


@isclose.samples
def _(rng: Rng) -> Samples:
    near = floats(rng, 4, 5)
    yield (near, near + floats(rng, 4, 5, low=-1e-5, high=1e-5)), {}
    yield (CORNERS.reshape(-1, 1), CORNERS), {}
    yield (CORNERS.reshape(-1, 1), CORNERS), {"equal_nan": True, "rtol": 0.5, "atol": 0.1}
    yield (INTEGERS, INTEGERS + 1), {"atol": 1.0}
    yield (BOOLS, BOOLS), {}


isclose.bad_inputs(raises(((np.ones(3), INTEGERS), {}, RuntimeError, "did not match")))


def _size(x: Node) -> Node:
    return modulus(x) if x.dtype.is_complex else unary("abs", x)


@composite(method=True, inplace=True)
def nan_to_num(
    input: Node,
    nan: Scalar | None = None,
    posinf: Scalar | None = None,
    neginf: Scalar | None = None,
) -> Node:
    """nan, +inf and -inf replaced: by 0, the largest and the smallest number unless given."""
    if input.dtype.is_complex:
        parts = (
            nan_to_num.body(each, nan, posinf, neginf)
            for each in (build.real(input), build.imag(input))
        )
        return build.complex_of(*parts)
    if not input.dtype.is_floating_point:
        return input
    limits = finfo(input.dtype)
    shape, dtype = input.shape, input.dtype
    largest = full(limits.max if posinf is None else posinf, shape, dtype)
    smallest = full(limits.min if neginf is None else neginf, shape, dtype)
    out = build.where(binary("eq", input, const(np.inf, shape, dtype)), largest, input)
    out = build.where(binary("eq", input, const(-np.inf, shape, dtype)), smallest, out)
    return build.where(
        binary("ne", input, input), full(0 if nan is None else nan, shape, dtype), out
    )


nan_to_num.samples(with_options({"nan": 1.5}, {"nan": 2.0, "posinf": 7.0, "neginf": -7.0}))
