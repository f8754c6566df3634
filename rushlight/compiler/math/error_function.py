"""erf, erfc and erfinv; the normal distribution function."""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.exponential import (
    clamp,
    cut,
    exp,
    exp_mantissa,
    power_of_two,
    row,
    scale_down,
    tanh,
)
from rushlight.compiler.math.logarithm import log_positive
from rushlight.compiler.math.table import piecewise

# Between the centres of the pieces of erf (tools/fit_math.py).
ERF_STEP = 269 / 512
# The same of ``ndtr``.
NDTR_STEP = 193 / 256
# And of ``ndtr_tanh``.
NDTR_TANH_STEP = 179 / 256
SQRT_HALF = 0.7071067811865476
SQRT_TWO_OVER_PI = 0.7978845608028654


def erf_near_zero(b: Body, x: Value) -> Value:
    """erf x, |x| <= 1. Horner in x**2, and x comes in last: the sign of zero stays."""
    return b.fma(x, b.polynomial(x * x, row("erf", x)), x)


def erf(b: Body, x: Value) -> Value:
    size = b.fabs(x)
    if x.element == "float":
        # At the end of the last piece, and from there on, erf is 1 in float.
        size = b.at_most(size, 7.5 * ERF_STEP)
        shifted = b.fma(size, 1 / ERF_STEP, x.layout.magic)
        t = b.fma(shifted - x.layout.magic, -ERF_STEP, size)
        pieces = piecewise(b, "erf_piece", b.bits(shifted), t, steep=True)
        return b.copysign(b.at_most(pieces, 1.0), x)
    near = erf_near_zero(b, size)
    far = 1.0 - erfc_positive(b, b.at_most(size, 6.5), "f64", quick=True)
    return b.copysign(b.select(size < 1.0, near, far), x)


def ndtr(b: Body, x: Value) -> Value:
    """The normal distribution function (1 + erf(x / sqrt(2))) / 2, as good as 1 + erf in double.

    In float it is good to three digits of its own down to x = -5.6, and 0 from there on.
    """
    if x.element != "float":
        return b.fma(erf(b, x * SQRT_HALF), 0.5, 0.5)
    return _from_tail(b, x, "ndtr_piece", NDTR_STEP)


def ndtr_tanh(b: Body, x: Value) -> Value:
    """(1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2, which is near ``ndtr`` and as good."""
    if x.element != "float":
        u = b.fma(x * x, 0.044715, 1.0) * x * SQRT_TWO_OVER_PI
        return b.fma(tanh(b, u), 0.5, 0.5)
    return _from_tail(b, x, "ndtr_tanh_piece", NDTR_TANH_STEP)


def _from_tail(b: Body, x: Value, name: str, step: float) -> Value:
    """f(x) where f(-x) = 1 - f(x), and f(-|x|) is in pieces ``step`` long, in float."""
    size = b.fabs(x)
    shifted = b.fma(size, 1 / step, x.layout.magic)
    t = b.fma(shifted - x.layout.magic, -step, size)
    tail = piecewise(b, name, b.bits(shifted), t, start=0.5)
    # At the end of the last piece less than half of float's step below 1 is left; what was computed
    # beyond means nothing.
    tail = b.select(size >= 7.5 * step, b.constant(0.0, x.element), tail)
    return b.select(b.bits(x) < 0, tail, 1.0 - tail)


def erfc_positive(b: Body, x: Value, grade: str, quick: bool) -> Value:
    """erfc x for 0 <= x <= 28, x a double; grade 'wide' is good to a float, 'f64' to a double.

    ``quick``: one division instead of two, an ulp worse, and no subnormal results (x < 26).
    """
    low, high, line = x - 4.0, x + 4.0, b.fma(x, 2.0, 1.0)
    if quick:
        inverse = 1.0 / (high * line)
        factor = b.polynomial(low * line * inverse, TABLES[f"erfc_{grade}"]) * (high * inverse)
    else:
        factor = b.polynomial(low / high, TABLES[f"erfc_{grade}"]) / line
    square = x * x
    lost = b.fma(x, x, -square)
    shifted, r = cut(b, clamp(b, -square))
    mantissa = exp_mantissa(b, r - lost, "wide" if grade == "wide" else "")
    if quick:
        return mantissa * factor * power_of_two(b, shifted)
    return scale_down(b, mantissa * factor, shifted)


def erfc(b: Body, x: Value) -> Value:
    if x.element == "float":
        return b.narrow(erfc_double(b, b.widen(x), "wide"))
    return erfc_double(b, x, "f64")


def erfc_double(b: Body, x: Value, grade: str) -> Value:
    size = b.at_most(b.fabs(x), 12.0 if grade == "wide" else 28.0)
    positive = erfc_positive(b, size, grade, quick=grade == "wide")
    result = b.select(x < 0.0, 2.0 - positive, positive)
    return b.select(size < 0.5, 1.0 - erf_near_zero(b, x), result) if grade == "f64" else result


def erfinv_estimate(b: Body, size: Value) -> Value:
    """erfinv of ``size``, in [0, 1), to about 1e-9 of itself, in double."""
    w = -log_positive(b, b.at_least((1.0 - size) * (1.0 + size), 1e-17), "wide")
    # Near 0 log's cancellation would show; the two differ by size**4 / 2.
    w = b.select(size < 0.01, size * size, w)
    central = b.polynomial(w - 3.0, TABLES["erfinv_central_wide"])
    tail = b.polynomial(b.sqrt(w) - 4.0, TABLES["erfinv_tail_wide"])
    return size * b.select(w <= 6.0, central, tail)


def erfinv(b: Body, x: Value) -> Value:
    if x.element == "float":
        return b.narrow(erfinv_double(b, b.widen(x), refine=False))
    return erfinv_double(b, x, refine=True)


def erfinv_double(b: Body, x: Value, refine: bool) -> Value:
    size = b.fabs(x)
    y = erfinv_estimate(b, size)
    if refine:
        # One step of Newton on erf near zero, on erfc beyond, where erf has no digits left to
        # compare.
        beyond = (1.0 - size) - erfc_positive(b, b.at_most(y, 7.0), "f64", quick=False)
        excess = b.select(y < 0.5, erf_near_zero(b, y) - size, beyond)
        slope = exp(b, y * y) * HALF_SQRT_PI
        step = excess * slope
        # Halley's term: the estimate's error is squared and cubed away.
        y = y - step / b.fma(step, y, 1.0)
    y = b.copysign(y, x)
    one = b.constant(float("inf"), x.element)
    y = b.select(size.equals(1.0), b.copysign(one, x), y)
    y = b.select(size > 1.0, b.constant(float("nan"), x.element), y)
    return b.select(x.equals(0.0), x, y)


HALF_SQRT_PI = 0.886226925452758
