"""erf, erfc and erfinv."""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.exponential import clamp, cut, exp_mantissa, row, scale


def erf_near_zero(b: Body, x: Value) -> Value:
    """erf x, |x| <= 1. Horner in x**2, and x comes in last: the sign of zero stays."""
    return b.fma(x, b.polynomial(x * x, row("erf", x)), x)


def erf(b: Body, x: Value) -> Value:
    size = b.fabs(x)
    near = erf_near_zero(b, size)
    if x.element == "float":
        # From 4 on erf is 1 in float; at 4 the polynomial rounds to 1 as well.
        far = 1.0 - b.polynomial(b.at_most(size, 4.0) - 2.5, row("erf_shoulder", x))
    else:
        far = 1.0 - erfc_positive(b, b.at_most(size, 6.5), "f64")
    return b.copysign(b.select(size < 1.0, near, far), x)


def erfc_positive(b: Body, x: Value, grade: str) -> Value:
    """erfc x for 0 <= x <= 28, x a double; grade 'wide' is good to a float, 'f64' to a double."""
    t = (x - 4.0) / (x + 4.0)
    factor = b.polynomial(t, TABLES[f"erfc_{grade}"]) / b.fma(x, 2.0, 1.0)
    square = x * x
    lost = b.fma(x, x, -square)
    shifted, r = cut(b, clamp(b, -square))
    return scale(b, exp_mantissa(b, r - lost) * factor, shifted)


def erfc(b: Body, x: Value) -> Value:
    if x.element == "float":
        return b.narrow(erfc_double(b, b.widen(x), "wide"))
    return erfc_double(b, x, "f64")


def erfc_double(b: Body, x: Value, grade: str) -> Value:
    size = b.at_most(b.fabs(x), 28.0)
    positive = erfc_positive(b, size, grade)
    result = b.select(x < 0.0, 2.0 - positive, positive)
    return b.select(size < 0.5, 1.0 - erf_near_zero(b, x), result) if grade == "f64" else result
