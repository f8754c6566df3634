"""pow, with C's rules for signs, zeros, infinities and NaN."""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.exponential import scale
from rushlight.compiler.math.logarithm import split, split_any

INFINITY = float("inf")
Pair = tuple[Value, Value]  # an unevaluated sum, the second much smaller


def add_pairs(b: Body, x: Pair, y: Pair) -> Pair:
    """x + y, where |x| >= |y| or they are of one size."""
    total = x[0] + y[0]
    part = total - x[0]
    lost = (x[0] - (total - part)) + (y[0] - part)
    low = lost + (x[1] + y[1])
    high = total + low
    return high, low - (high - total)


def multiply_pairs(b: Body, x: Pair, y: Pair) -> Pair:
    product = x[0] * y[0]
    lost = b.fma(x[0], y[0], -product)
    return product, lost + b.fma(x[0], y[1], x[1] * y[0])


def log2_wide(b: Body, size: Value) -> Value:
    """log2 of a positive double, to about 2**-43: enough for a float result."""
    k, m = split(b, size)
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    high, _ = TABLES["log2_e_f64"]
    log = b.fma(s * square, b.polynomial(square, TABLES["log_ratio_wide"]), s + s)
    return b.fma(log, high, k)


def log2_pair(b: Body, size: Value) -> Pair:
    """log2 of a positive double to about 2**-65."""
    k, m = split_any(b, size)
    top, bottom = m - 1.0, m + 1.0  # exact; and m + 1 up to one rounding, kept in `lost`
    lost = m - (bottom - 1.0)
    s = top / bottom
    s_low = (b.fma(-s, bottom, top) - s * lost) / bottom
    square = multiply_pairs(b, (s, s_low), (s, s_low))
    cube = multiply_pairs(b, square, (s, s_low))
    # log2 m = s * 2/ln2 + s**3 * (2/3)/ln2 + s**5 * P(s**2) / ln2: only the last needs no second
    # half.
    linear = multiply_pairs(b, (s, s_low), constants(b, "two_over_ln2_f64"))
    cubic = multiply_pairs(b, cube, constants(b, "two_thirds_over_ln2_f64"))
    series = b.polynomial(square[0], TABLES["log_ratio_tail_f64"])
    rest = (cube[0] * square[0]) * series * TABLES["log2_e_f64"][0]
    zero = b.constant(0.0, "double")
    small = add_pairs(b, cubic, (rest, zero))
    return add_pairs(b, (k, zero), add_pairs(b, linear, small))


def constants(b: Body, name: str) -> Pair:
    high, low = TABLES[name]
    return b.constant(high, "double"), b.constant(low, "double")


def power_of_positive(b: Body, size: Value, y: Value, wide: bool) -> Value:
    """size**y for finite size > 0 and finite y, in double. ``wide``: good to a float."""
    if wide:
        high, low = log2_wide(b, size) * y, None
    else:
        log_high, log_low = log2_pair(b, size)
        high = log_high * y
        low = b.fma(log_high, y, -high) + log_low * y
    limit = b.at_least(b.at_most(high, 1100.0), -1200.0)
    magic = high.layout.magic
    shifted = limit + magic
    r = limit - (shifted - magic)
    if low is not None:
        # Beyond the limits the low part may be anything; the result is 0 or inf whatever it is.
        r = b.select(limit.equals(high), r + low, r)
    p = b.fma(r, b.polynomial(r, TABLES["exp2_wide" if wide else "exp2_f64"]), 1.0)
    return scale(b, p, shifted)


def pow(b: Body, x: Value, y: Value) -> Value:
    size = b.fabs(x)
    if x.element == "float":
        result = b.narrow(power_of_positive(b, b.widen(size), b.widen(y), wide=True))
    else:
        result = power_of_positive(b, size, y, wide=False)
    one, zero, infinity, nan = (
        b.constant(c, x.element) for c in (1.0, 0.0, INFINITY, float("nan"))
    )

    # Zero or infinite base or exponent: 0 or inf, or 1 if |x| is 1.
    grows = (size > 1.0) ^ (y < 0.0)
    at_infinity = b.select(size.equals(1.0), one, b.select(grows, infinity, zero))
    extreme = size.equals(0.0) | size.equals(INFINITY) | b.fabs(y).equals(INFINITY)
    result = b.select(extreme, at_infinity, result)
    result = b.select(x.is_nan() | y.is_nan(), x + y, result)

    integral = b.round(y).equals(y)
    half = y * 0.5
    odd = integral & b.round(half).differs(half)
    result = b.select((b.bits(x) < 0) & odd, -result, result)
    undefined = (x < 0.0) & (x > -INFINITY) & (b.fabs(y) < INFINITY) & integral.invert()
    result = b.select(undefined, nan, result)
    return b.select(x.equals(1.0) | y.equals(0.0), one, result)
