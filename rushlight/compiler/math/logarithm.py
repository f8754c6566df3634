"""log and its relatives: x = 2**k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and a polynomial in
f. Floats take this way only where ``logarithm_table.py`` does not lead.
"""

from __future__ import annotations

from rushlight.compiler.math import logarithm_table
from rushlight.compiler.math.body import INTEGER_OF, Body, Value
from rushlight.compiler.math.exponential import row

SQRT_HALF_BITS = {"float": 0x3F3504F3, "double": 0x3FE6A09E667F3BCD}


def split(b: Body, x: Value) -> tuple[Value, Value]:
    """(k, m) with x = 2**k m and sqrt(1/2) <= m < sqrt(2); k as a number of x's type. x positive
    and normal.
    """
    layout, integer = x.layout, INTEGER_OF[x.element]
    offset = b.bits(x) - SQRT_HALF_BITS[x.element]
    # The exponent becomes a number by way of the mantissa of 2**mantissa: there is no i64
    # conversion in AVX2.
    biased = (offset + layout.one_bits) >> layout.mantissa
    anchor = 2.0**layout.mantissa
    anchor_bits = (layout.exponent_bias + layout.mantissa) << layout.mantissa
    k = b.from_bits(biased | b.constant(anchor_bits, integer)) - (anchor + layout.exponent_bias)
    fraction = (offset & ((1 << layout.mantissa) - 1)) + SQRT_HALF_BITS[x.element]
    return k, b.from_bits(fraction)


def split_any(b: Body, x: Value) -> tuple[Value, Value]:
    """``split`` for subnormal x too."""
    layout = x.layout
    smallest_normal = 2.0 ** (1 - layout.exponent_bias)
    lift = layout.mantissa + 2
    subnormal = x < smallest_normal
    k, m = split(b, b.select(subnormal, x * 2.0**lift, x))
    return b.select(subnormal, k - float(lift), k), m


def tail(b: Body, f: Value, grade: str = "") -> Value:
    """log(1 + f) - f."""
    return (f * f) * b.fma(f, b.polynomial(f, row("log", f, grade)), -0.5)


def at_the_edges(b: Body, x: Value, result: Value) -> Value:
    """-inf at zero, NaN below, x itself at inf and NaN."""
    infinity = float("inf")
    result = b.select(x < infinity, result, x)
    return b.select(
        x <= 0.0, b.select(x.equals(0.0), b.constant(-infinity, x.element), float("nan")), result
    )


def log_positive(b: Body, x: Value, grade: str = "") -> Value:
    """log x, x a positive finite number; of grade 'wide' a normal one."""
    k, m = split(b, x) if grade else split_any(b, x)
    f = m - 1.0
    high, low = row("ln2", x)
    return b.fma(k, high, f + b.fma(k, low, tail(b, f, grade)))


def log(b: Body, x: Value) -> Value:
    return logarithm_table.log(b, x) if x.element == "float" else log_any(b, x)


def log2(b: Body, x: Value) -> Value:
    return logarithm_table.log2(b, x) if x.element == "float" else log2_any(b, x)


def log10(b: Body, x: Value) -> Value:
    return logarithm_table.log10(b, x) if x.element == "float" else log10_any(b, x)


def log1p(b: Body, x: Value, grade: str = "") -> Value:
    return logarithm_table.log1p(b, x) if x.element == "float" else log1p_any(b, x, grade)


def log1p_unit(b: Body, x: Value) -> Value:
    """log(1 + x) for 0 <= x <= 1."""
    return logarithm_table.log1p_unit(b, x) if x.element == "float" else log1p_any(b, x)


def log_any(b: Body, x: Value) -> Value:
    return at_the_edges(b, x, log_positive(b, x))


def log2_any(b: Body, x: Value) -> Value:
    k, m = split_any(b, x)
    f = m - 1.0
    rest = tail(b, f)
    high, low = row("log2_e", x)
    return at_the_edges(b, x, k + b.fma(f, high, b.fma(rest, high, (f + rest) * low)))


def log10_any(b: Body, x: Value) -> Value:
    k, m = split_any(b, x)
    f = m - 1.0
    rest = tail(b, f)
    high, low = row("log10_e", x)
    two_high, two_low = row("log10_2", x)
    small = b.fma(rest, high, b.fma(k, two_low, (f + rest) * low))
    return at_the_edges(b, x, b.fma(k, two_high, b.fma(f, high, small)))


def log1p_finite(b: Body, x: Value, grade: str) -> Value:
    """log(1 + x), -1 < x < inf."""
    layout = x.layout
    u = x + 1.0
    back = u - 1.0
    lost = (x - back) + (1.0 - (u - back))  # 1 + x = u + lost, exactly
    k, m = split(b, u)
    # What the addition lost goes into f, at f's scale 2**-k; past 2**60 it cannot be seen (and
    # 2**-k could overflow).
    shrink = b.from_bits(layout.one_bits - (b.bits(k + layout.magic) << layout.mantissa))
    lost = b.select(x < 2.0**60, lost * shrink, 0.0)
    f = (m - 1.0) + lost
    high, low = row("ln2", x)
    return b.fma(k, high, f + b.fma(k, low, tail(b, f, grade)))


def log1p_any(b: Body, x: Value, grade: str = "") -> Value:
    infinity = float("inf")
    result = b.select(x < infinity, log1p_finite(b, x, grade), x)
    edge = b.select(x.equals(-1.0), b.constant(-infinity, x.element), float("nan"))
    result = b.select(x <= -1.0, edge, result)
    return b.select(x.equals(0.0), x, result)


def asinh(b: Body, x: Value, grade: str = "") -> Value:
    size = b.fabs(x)
    huge = size > 2.0**28
    square = size * size
    medium = size + square / (b.sqrt(square + 1.0) + 1.0)
    result = log1p(b, b.select(huge, size - 1.0, medium), grade)
    return b.copysign(b.select(huge, result + LN2_ROUNDED, result), x)


def acosh(b: Body, x: Value, grade: str = "") -> Value:
    t = x - 1.0
    huge = x > 2.0**28
    medium = t + b.sqrt(b.fma(t, t, t + t))
    result = log1p(b, b.select(huge, t, medium), grade)
    result = b.select(huge, result + LN2_ROUNDED, result)
    return b.select(x < 1.0, b.constant(float("nan"), x.element), result)


def atanh(b: Body, x: Value, grade: str = "") -> Value:
    size = b.fabs(x)
    return b.copysign(log1p(b, (size + size) / (1.0 - size), grade) * 0.5, x)


LN2_ROUNDED = 0.6931471805599453
