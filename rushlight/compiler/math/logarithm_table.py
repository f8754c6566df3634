"""Logarithms of floats by tables of eight: x = 2**k c (1 + f), log = k log 2 + log c + log(1 + f).

Each c is the inverse of a number s of 14 bits, chosen so that its logarithms are nearly floats; one
of them is 1, so that nothing cancels for x around 1.
"""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.exponential import row
from rushlight.compiler.math.table import look_up, look_up_float, words_of

MANTISSA = 23
ONE_BITS = 0x3F800000
# The pieces' borders: 4.5 sixteenths below 1, then eight pieces of 2**20 in the bits of x.
LOWEST_BITS = ONE_BITS - 9 * 2**19
EXPONENT = -(1 << MANTISSA)  # a mask
SMALLEST = 2.0**-126
INFINITY = float("inf")


def pick(b: Body, above: Value, table: str) -> Value:
    return look_up_float(b, above >> 20, TABLES[table])


def cut(b: Body, x: Value) -> tuple[Value, Value, Value]:
    """(k, where in the tables, f) of a positive normal float."""
    above = b.bits(x) - LOWEST_BITS
    m = b.from_bits(b.bits(x) - (above & EXPONENT))
    f = b.fma(m, pick(b, above, "log_scale_f32"), -1.0)
    return b.number(b.shift_signed(above, MANTISSA)), above, f


def tail(b: Body, f: Value) -> Value:
    """(log(1 + f) - f) / f**2, |f| <= 1/14."""
    return b.polynomial(f, TABLES["log_eighth_f32"])


def is_unusual(b: Body, x: Value) -> Value:
    """Whether x is no positive normal number: subnormals, zeros, infinities, below zero, NaN."""
    return ((x >= SMALLEST) & (x < INFINITY)).invert()


def log(b: Body, x: Value) -> Value:
    k, above, f = cut(b, x)
    near = b.fma(f * f, tail(b, f), f) + pick(b, above, "log_of_log_scale_f32")
    high, _ = row("ln2", x)  # nearer to ln 2 than 2**-28 of it
    return b.rarely(is_unusual(b, x), b.fma(k, high, near), "log_any", x)


def log2(b: Body, x: Value) -> Value:
    k, above, f = cut(b, x)
    near = _of_base(b, f, "log2_e") + pick(b, above, "log2_of_log_scale_f32")
    return b.rarely(is_unusual(b, x), k + near, "log2_any", x)


def log10(b: Body, x: Value) -> Value:
    k, above, f = cut(b, x)
    near = _of_base(b, f, "log10_e") + pick(b, above, "log10_of_log_scale_f32")
    high, low = row("log10_2", x)
    return b.rarely(is_unusual(b, x), b.fma(k, high, b.fma(k, low, near)), "log10_any", x)


def _of_base(b: Body, f: Value, inverse: str) -> Value:
    """log(1 + f), times a constant of two pieces."""
    high, low = row(inverse, f)
    return b.fma(f, high, b.fma(f * f * tail(b, f), high, f * low))


def log1p(b: Body, x: Value) -> Value:
    """log(1 + x): the piece is that of the rounded sum, f = (1 + x) s / 2**k - 1 is made of x."""
    above = b.bits(x + 1.0) - LOWEST_BITS
    scales = words_of(TABLES["log_scale_f32"])
    s = b.from_bits(look_up(b, above >> 20, scales) - (above & EXPONENT))
    f = b.fma(x, s, -(1.0 - s))  # of 14 bits, so 1 - s is exact as long as it can be seen
    k = b.number(b.shift_signed(above, MANTISSA))
    near = b.fma(f * f, tail(b, f), f) + pick(b, above, "log_of_log_scale_f32")
    high, _ = row("ln2", x)
    result = b.fma(k, high, near)
    # -0.0 has become 0.0; everything else has the sign of x already.
    result = b.from_bits(b.bits(result) | (b.bits(x) & x.layout.sign_bits))
    usual = (x > -1.0) & (x < 2.0**100)  # beyond, s would be no normal number
    return b.rarely(usual.invert(), result, "log1p_any", x)


def log1p_unit(b: Body, x: Value) -> Value:
    """log(1 + x), 0 <= x <= 1, c = 1 + j/7. NaN comes out in f."""
    index = b.bits(b.fma(x, 7.0, x.layout.magic))
    s = look_up_float(b, index, TABLES["log1p_scale_f32"])
    f = b.fma(x, s, s - 1.0)
    at = look_up_float(b, index, TABLES["log_of_log1p_scale_f32"])
    return b.fma(f * f, tail(b, f), f) + at
