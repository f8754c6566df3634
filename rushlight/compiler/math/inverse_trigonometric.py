"""asin, acos, atan, atan2."""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.exponential import row


def halves(b: Body, size: Value) -> tuple[Value, Value, Value]:
    """(size <= 1/2, u, rest): u = size there and sqrt((1 - size) / 2) elsewhere, asin u = u +
    rest.
    """
    small = size <= 0.5
    flipped = b.fma(size, -0.5, 0.5)
    square = b.select(small, size * size, flipped)
    u = b.select(small, size, b.sqrt(flipped))
    return small, u, u * square * b.polynomial(square, row("asin", size))


def asin(b: Body, x: Value) -> Value:
    small, u, rest = halves(b, b.fabs(x))
    high, low, _ = row("half_pi", x)
    leading = b.fma(u, -2.0, high)
    lost = b.fma(u, -2.0, high - leading)  # by that rounding: the result can be just under 1
    large = leading + (lost + b.fma(rest, -2.0, low))
    return b.copysign(b.select(small, u + rest, large), x)


def acos(b: Body, x: Value) -> Value:
    small, u, rest = halves(b, b.fabs(x))
    angle = u + rest
    high, low, _ = row("half_pi", x)
    signed = b.copysign(angle, x)
    middle = high - (signed - low)
    outer = b.select(x < 0.0, b.fma(angle, -2.0, 2.0 * low) + 2.0 * high, angle + angle)
    return b.select(small, middle, outer)


def atan_kernel(b: Body, t: Value) -> Value:
    """atan t, 0 <= t <= 1."""
    square = t * t
    return b.fma(t * square, b.polynomial(square, row("atan", t)), t)


def atan(b: Body, x: Value) -> Value:
    size = b.fabs(x)
    inverted = size > 1.0
    angle = atan_kernel(b, b.select(inverted, 1.0 / size, size))
    high, low, _ = row("half_pi", x)
    return b.copysign(b.select(inverted, high - (angle - low), angle), x)


def atan2(b: Body, y: Value, x: Value) -> Value:
    """The angle of the point (x, y), in -pi..pi; signed zeros and infinities as in C."""
    height, width = b.fabs(y), b.fabs(x)
    steep = height > width
    large = b.select(steep, height, width)
    small = b.select(steep, width, height)
    t = small / large
    t = b.select(large.equals(0.0), b.constant(0.0, x.element), t)
    t = b.select(small.equals(float("inf")), b.constant(1.0, x.element), t)
    angle = atan_kernel(b, t)
    high, low, _ = row("half_pi", x)
    angle = b.select(steep, high - (angle - low), angle)
    left = b.bits(x) < 0
    angle = b.select(left, 2.0 * high - (angle - 2.0 * low), angle)
    # min and max by comparison drop a NaN on one side.
    return b.select(x.is_nan() | y.is_nan(), x + y, b.copysign(angle, y))
