"""fmod (sign of the dividend, as in C) and remainder (sign of the divisor, as in Python).

Both are exact but for the remainder's last addition, which may round, as in PyTorch.
"""

from __future__ import annotations

from rushlight.compiler.math.body import Body, Value


def fmod(b: Body, x: Value, y: Value) -> Value:
    infinity = float("inf")
    size, divisor = b.fabs(x), b.fabs(y)
    undefined = (size < infinity).invert() | (divisor > 0.0).invert()
    # Lanes without an answer must not keep the loop going.
    start = b.select(undefined, b.constant(0.0, x.element), size)
    rest = reduced(b, start, divisor)
    rest = b.select(rest < 0.0, rest + divisor, rest)
    rest = b.select(divisor.equals(infinity), start, rest)
    return b.select(undefined, b.constant(float("nan"), x.element), b.copysign(rest, x))


def reduced(b: Body, start: Value, divisor: Value) -> Value:
    """start minus a multiple of divisor, smaller than divisor; exact.

    One step takes off round(rest / d) d. That quotient is off by half an ulp at most, so what is
    left is a multiple of the last place of d and much smaller than rest: it fits, and the fused
    multiply-add gives it exactly. Quotients under 2**mantissa need one step, the largest there
    are some twelve (float) or forty (double).
    """
    kind = start.type
    loop, done, before = b.fresh("reduce"), b.fresh("reduced"), b.block
    rest = Value(b, f"%{b.fresh('rest')}", start.element)
    b.lines.append(f"  br label %{loop}")
    b.open_block(loop)
    place_of_phi = len(b.lines)
    # Where the quotient would overflow, a power of two times the divisor does as well.
    far = 2.0 ** (start.layout.exponent_bias - 30)
    size, step = b.fabs(rest), divisor
    for _ in range(2):
        longer = step * far
        step = b.select(size > longer, longer, step)
    quotient = b.round(rest / step)
    left = b.fma(-quotient, step, rest)
    left = b.select(divisor < float("inf"), left, b.constant(0.0, start.element))
    phi = f"  {rest.name} = phi {kind} [ {start.name}, %{before} ], [ {left.name}, %{loop} ]"
    b.lines.insert(place_of_phi, phi)
    more = b.any_lane(b.fabs(left) >= divisor)
    b.lines.append(f"  br i1 {more}, label %{loop}, label %{done}")
    b.open_block(done)
    return left


def remainder(b: Body, x: Value, y: Value) -> Value:
    rest = fmod(b, x, y)
    other_side = (rest < 0.0) ^ (y < 0.0)
    return b.select(rest.differs(0.0) & other_side, rest + y, rest)
