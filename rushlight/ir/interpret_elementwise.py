"""Element-wise primitives in NumPy: arithmetic, comparison, selection, conversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float64, int64
from rushlight.ir import interpret_special as special
from rushlight.ir.interpret_rule import HALVES, Array, Node, Rule, narrow, widen_halves
from rushlight.ir.primitives import BINARY, COMPARE, UNARY

Formula = Callable[..., Any]


def _computed(formula: Formula) -> Rule:
    """In the dtype itself, halves in float32: what a machine instruction gives."""

    def rule(node: Node, *arrays: Array) -> Array:
        dtype = node.src[0].dtype
        result = formula(*(widen_halves(x, dtype) for x in arrays))
        return narrow(result, node.dtype)

    return rule


def _rounded(formula: Formula) -> Rule:
    """Computed in float64 (complex128) and rounded once: what an exact function would give."""

    def rule(node: Node, *arrays: Array) -> Array:
        kind = np.complex128 if node.dtype.is_complex else np.float64
        # A float16 function is the float32 function rounded again.
        result = formula(*(x.astype(kind) for x in arrays))
        return narrow(result, node.dtype)

    return rule


def _sigmoid(x: Array) -> Array:
    if np.iscomplexobj(x):
        return np.asarray(1 / (1 + np.exp(-x)))
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, small, 1.0) / (1.0 + small))


def _sign(x: Array) -> Array:
    if np.iscomplexobj(x):  # on the unit circle; 0 stays
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size))
    return np.sign(x) if x.dtype != np.bool_ else x


def _not(x: Array) -> Array:
    return np.invert(x)


def _refuse_zero(y: Array) -> None:
    if (y == 0).any():
        raise ZeroDivisionError("ZeroDivisionError")


def _floordiv(x: Array, y: Array) -> Array:
    """Floats as Python divides: from the exact remainder, so that 1.0 // 0.1 is 9."""
    if not np.issubdtype(x.dtype, np.floating):
        _refuse_zero(y)
        return np.floor_divide(x, y)
    remainder = np.fmod(x, y)
    quotient = (x - remainder) / y
    quotient = np.where((remainder != 0) & ((y < 0) != (remainder < 0)), quotient - 1, quotient)
    floor = np.floor(quotient)
    floor = np.where(quotient - floor > 0.5, floor + 1, floor)
    floor = np.where(quotient != 0, floor, np.copysign(np.zeros_like(x), x / y))
    return np.where(y == 0, x / y, floor).astype(x.dtype)


def _truncdiv(x: Array, y: Array) -> Array:
    _refuse_zero(y)
    floor = np.floor_divide(x, y)
    inexact = floor * y != x
    return np.where(inexact & ((x < 0) != (y < 0)), floor + 1, floor).astype(x.dtype)


def _remainder(x: Array, y: Array) -> Array:
    if not np.issubdtype(x.dtype, np.floating):
        _refuse_zero(y)
        return np.remainder(x, y)
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((y < 0) != (rest < 0)), rest + y, rest)


def _fmod(x: Array, y: Array) -> Array:
    if not np.issubdtype(x.dtype, np.floating):
        _refuse_zero(y)
    return np.fmod(x, y)


def _pow(node: Node, x: Array, y: Array) -> Array:
    if node.dtype.is_complex:  # C's function, rounded as PyTorch's, which is far from exact
        with np.errstate(all="ignore"):
            return np.asarray(np.power(x, y))
    if node.dtype.is_floating_point:
        return _rounded(np.power)(node, x, y)
    # Square and multiply, wrapping; a negative exponent leaves only what 1 and -1 give.
    result = np.ones_like(x)
    base, rest = x.copy(), np.where(y < 0, 0, y)
    while rest.any():
        result = np.where(rest & 1, result * base, result)
        base, rest = base * base, rest >> 1
    inverse = np.where(x == 1, 1, np.where(x == -1, np.where(y & 1, -1, 1), 0))
    return np.where(y < 0, inverse, result).astype(x.dtype)


def _shift_left(x: Array, y: Array) -> Array:
    bits = x.dtype.itemsize * 8
    outside = (y < 0) | (y >= bits)
    return np.where(outside, 0, np.left_shift(x, np.where(outside, 0, y))).astype(x.dtype)


def _shift_right(x: Array, y: Array) -> Array:
    bits = x.dtype.itemsize * 8
    outside = (y < 0) | (y >= bits)
    # All bits out: the sign is what remains, and nothing of an unsigned number.
    last = np.where(x < 0, -1, 0)
    return np.where(outside, last, np.right_shift(x, np.where(outside, 0, y))).astype(x.dtype)


def _nextafter(node: Node, x: Array, y: Array) -> Array:
    if node.dtype not in HALVES:
        return np.nextafter(x, y)
    bits = x.view(np.int16).astype(np.int32)
    a, b = x.astype(np.float32), y.astype(np.float32)
    away = (a < b) == (a > 0)
    step = np.where(a == b, 0, np.where(away, 1, -1))
    tiny = np.where(b < 0, -0x7FFF, 1)  # 0 -> the smallest number of y's sign
    moved = np.where((a == 0) & (a != b), tiny, bits + step).astype(np.int16).view(x.dtype)
    return np.where(np.isnan(a) | np.isnan(b), (a + b).astype(x.dtype), np.where(a == b, y, moved))


def _mul(x: Array, y: Array) -> Array:
    """Of complex numbers each product rounds by itself: NumPy fuses some, which leaves z times its
    conjugate an imaginary part.
    """
    if not np.iscomplexobj(x):
        return np.multiply(x, y)
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    out.real = x.real * y.real - x.imag * y.imag
    out.imag = x.real * y.imag + x.imag * y.real
    return out


def _fma(node: Node, x: Array, y: Array, z: Array) -> Array:
    """Nearly always what one rounding gives: the wider sum is rounded before it is narrowed."""
    wider = np.longdouble if node.dtype.itemsize == 8 else np.float64
    return narrow(x.astype(wider) * y.astype(wider) + z.astype(wider), node.dtype)


def _where(node: Node, condition: Array, x: Array, y: Array) -> Array:
    return np.where(condition, x, y)


_THROUGH_INT64 = ("int64", "uint8", "uint32")


def cast(x: Array, source: DType, target: DType) -> Array:
    """``x`` in another dtype as x86 and PyTorch convert.

    Floats to integers toward zero; nan and what is out of range give the least int64 (for int64
    and most unsigned ones) or int32 (for the others), cut to the width.
    """
    if source.is_complex and not target.is_complex and target.name != "bool":
        x, source = x.real, source.to_real()
    if target.name == "bool":
        return np.asarray(widen_halves(x, source) != 0)
    if not source.is_floating_point or target.is_floating_point or target.is_complex:
        return narrow(widen_halves(x, source), target)
    through = np.int64 if target.name in _THROUGH_INT64 else np.int32
    limit = float(-np.iinfo(through).min)
    toward_zero = np.trunc(x.astype(np.float64))
    if target.name == "uint64":  # x86 converts what is above int64 less 2**63
        above = toward_zero >= 2.0**63
        lower = cast(np.where(above, toward_zero - 2.0**63, toward_zero), float64, int64)
        return lower.view(np.uint64) ^ (above.astype(np.uint64) << np.uint64(63))
    inside = (toward_zero >= -limit) & (toward_zero < limit)
    whole = np.where(inside, toward_zero, -limit).astype(through)
    return whole.astype(target.np)


def _cast(node: Node, x: Array) -> Array:
    return cast(x, node.src[0].dtype, node.dtype)


def _bitcast(node: Node, x: Array) -> Array:
    if not x.size:  # NumPy sees no last axis to split up
        return np.zeros(node.shape, node.dtype.np)
    return np.ascontiguousarray(x).view(node.dtype.np).reshape(node.shape)


_COMPUTED: dict[str, Formula] = {
    "neg": np.negative, "abs": np.abs, "sign": _sign, "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x), "reciprocal": lambda x: 1 / x,
    "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.rint, "not": _not,
    "conj": np.conjugate,
    "add": np.add, "sub": np.subtract, "mul": _mul, "div": np.divide,
    "floordiv": _floordiv, "truncdiv": _truncdiv, "remainder": _remainder, "fmod": _fmod,
    "maximum": np.maximum, "minimum": np.minimum, "copysign": np.copysign,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "shl": _shift_left, "shr": _shift_right,
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
}  # fmt: skip
_ROUNDED: dict[str, Formula] = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2,
    "log10": np.log10, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "sinh": np.sinh, "cosh": np.cosh,
    "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "sigmoid": _sigmoid, "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv,
    "ndtr": special.ndtr, "ndtr_tanh": special.ndtr_tanh, "lgamma": special.lgamma,
    "digamma": special.digamma, "atan2": np.arctan2,
}  # fmt: skip
ELEMENTWISE_RULES: dict[str, Rule] = {
    **{name: _computed(formula) for name, formula in _COMPUTED.items()},
    **{name: _rounded(formula) for name, formula in _ROUNDED.items()},
    "pow": _pow,
    "nextafter": _nextafter,
    "fma": _fma,
    "where": _where,
    "cast": _cast,
    "bitcast": _bitcast,
}
assert {*UNARY, *BINARY, *COMPARE} <= set(ELEMENTWISE_RULES)
