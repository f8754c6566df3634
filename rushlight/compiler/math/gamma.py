"""lgamma and digamma, in double: recurrences into one interval, Stirling's series beyond it,
reflection below 0.
"""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.exponential import row
from rushlight.compiler.math.logarithm import log
from rushlight.compiler.math.trigonometric import cos_kernel, sin_kernel

HALF_LOG_TWO_PI = 0.9189385332046727
PI = 3.141592653589793
LOG_PI = 1.1447298858494002
STIRLING_FROM = 8.5


def lgamma_positive(b: Body, x: Value) -> Value:
    """log gamma(x), x > 0."""
    # Up or down to 1.5 <= near < 2.5; what the steps multiply is collected for one logarithm.
    near, factor = x, b.constant(1.0, x.element)
    for _ in range(2):
        low = near < 1.5
        factor = b.select(low, factor * near, factor)
        near = b.select(low, near + 1.0, near)
    for _ in range(6):
        high = near >= 2.5
        near = b.select(high & (x < STIRLING_FROM), near - 1.0, near)
        factor = b.select(high & (x < STIRLING_FROM), factor * near, factor)
    far = x >= STIRLING_FROM
    # One logarithm serves both: of x far out, of the collected factor nearer.
    logarithm = log(b, b.select(far, x, factor))
    h = b.select(x < 0.5, x, b.select(x < 1.5, x - 1.0, near - 2.0))  # near - 2, exactly
    central = h * b.polynomial(h, row("lgamma", x))
    central = b.select(x < 1.5, central - logarithm, central + logarithm)
    inverse = 1.0 / x
    series = b.fma(b.polynomial(inverse * inverse, row("stirling", x)), inverse, HALF_LOG_TWO_PI)
    stirling = b.fma(x - 0.5, logarithm - 1.0, series - 0.5)
    return b.select(far, stirling, central)


def lgamma(b: Body, x: Value) -> Value:
    infinity = float("inf")
    result = lgamma_positive(b, b.fabs(x))
    result = b.rarely(x < 0.0, result, "lgamma_negative", x)
    edge = x.equals(0.0) | b.fabs(x).equals(infinity)
    return b.select(edge, b.constant(infinity, x.element), result)


def sine_and_cosine_of_pi(b: Body, x: Value) -> tuple[Value, Value]:
    """(sin, cos) of pi * (x minus the nearest integer)."""
    rest = x - b.round(x)
    folded = b.fabs(rest) > 0.25
    inner = b.select(folded, 0.5 - b.fabs(rest), b.fabs(rest)) * PI
    sine, cosine = sin_kernel(b, inner), cos_kernel(b, inner)
    return (
        b.copysign(b.select(folded, cosine, sine), rest),
        b.select(folded, sine, cosine),
    )


def lgamma_negative(b: Body, x: Value) -> Value:
    """log |gamma(x)| for x < 0: log(pi / |x sin(pi x)|) - log gamma(-x); inf at the integers."""
    size = b.fabs(x)
    sine, _ = sine_and_cosine_of_pi(b, size)
    tiny = size < 2.0**-60  # where size * sine could underflow, and gamma is 1 / x
    logarithm = log(b, b.select(tiny, size, size * b.fabs(sine)))
    result = b.select(tiny, -logarithm, (LOG_PI - logarithm) - lgamma_positive(b, size))
    # Of the largest numbers both terms are infinite, and their difference is no number.
    return b.select(sine.equals(0.0), b.constant(float("inf"), x.element), result)


def digamma_positive(b: Body, x: Value) -> Value:
    """d/dx log gamma(x), x > 0."""
    # psi(x) = psi(x + n) - sum of 1 / (x + i), the sum as one fraction.
    top, bottom, far = b.constant(0.0, x.element), b.constant(1.0, x.element), x
    for _ in range(8):
        low = far < 8.0
        top = b.select(low, b.fma(top, far, bottom), top)
        bottom = b.select(low, bottom * far, bottom)
        far = b.select(low, far + 1.0, far)
    inverse = 1.0 / far
    square = inverse * inverse
    series = b.fma(square, b.polynomial(square, row("digamma", x)), inverse * 0.5)
    return (log(b, far) - series) - top / bottom


def digamma(b: Body, x: Value) -> Value:
    infinity = float("inf")
    result = digamma_positive(b, b.fabs(x))
    result = b.rarely(x < 0.0, result, "digamma_negative", x)
    # The pole at 0 is approached from the side of its sign; the other poles have no side.
    at_zero = b.copysign(b.constant(infinity, x.element), -x)
    return b.select(x.equals(0.0), at_zero, result)


def digamma_negative(b: Body, x: Value) -> Value:
    """psi(1 - x) - pi / tan(pi x), NaN at the integers and at -inf."""
    sine, cosine = sine_and_cosine_of_pi(b, x)
    result = digamma_positive(b, 1.0 - x) - cosine * PI / sine
    return b.select(sine.equals(0.0), b.constant(float("nan"), x.element), result)
