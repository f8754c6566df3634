"""sin, cos, tan: x = n pi/2 + r with |r| <= pi/4, two polynomials in r**2, and n mod 4 says which.

Ordinary arguments are reduced with pi/2 in three pieces. Where some lane is too large for that, a
helper that is called and not inlined reduces with as many bits of 2/pi as the type's exponent can
reach.
"""

from __future__ import annotations

from collections.abc import Callable

from rushlight.compiler.math.body import Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.exponential import row

Formula = Callable[[Body, Value, Value, Value], Value]
TWO_OVER_PI = 0.6366197723675814
# Up to here n times the pieces of pi/2 loses nothing that shows.
LARGEST_QUICK = {"float": 100_000.0, "double": 2.0**28}


def sin_kernel(b: Body, r: Value) -> Value:
    square = r * r
    return b.fma(r * square, b.polynomial(square, row("sin", r)), r)


def cos_kernel(b: Body, r: Value) -> Value:
    square = r * r
    return b.fma(square * square, b.polynomial(square, row("cos", r)), b.fma(square, -0.5, 1.0))


def quick_reduction(b: Body, size: Value) -> tuple[Value, Value]:
    """(bits whose lowest two are n mod 4, r)."""
    first, second, third = row("half_pi", size)
    magic = size.layout.magic
    shifted = b.fma(size, TWO_OVER_PI, magic)
    n = shifted - magic
    r = b.fma(n, -first, size)
    r = b.fma(n, -second, r)
    return b.bits(shifted), b.fma(n, -third, r)


def modulo_four(b: Body, x: Value) -> Value:
    """x minus the nearest multiple of 4; exact."""
    return b.fma(b.round(x * 0.25), -4.0, x)


def add_exactly(b: Body, high: Value, low: Value, x: Value) -> tuple[Value, Value]:
    """(high + x rounded, low plus what the rounding lost)."""
    total = high + x
    part = total - high
    return total, low + ((high - (total - part)) + (x - part))


def long_reduction(b: Body, size: Value) -> tuple[Value, Value]:
    """The same for any finite size (double), NaN for inf: size * 2/pi mod 4, piece of 2/pi by
    piece.

    A float widened to double has 24 bits: its products with pieces of 24 bits are exact. For a
    double the product's rounding error is kept too; size is scaled by 2**-512 against overflow,
    and the pieces by 2**512.
    """
    is_float = size.element == "float"
    x = b.widen(size) if is_float else size * 2.0**-512
    high = low = b.constant(0.0, "double")
    for piece in TABLES["two_over_pi_f32" if is_float else "two_over_pi_f64"]:
        product = x * piece
        high, low = add_exactly(b, high, low, modulo_four(b, product))
        if not is_float:
            high, low = add_exactly(b, high, low, modulo_four(b, b.fma(x, piece, -product)))
    high = modulo_four(b, high)
    magic = x.layout.magic
    shifted = (high + low) + magic
    turn = (high - (shifted - magic)) + low  # in quarter turns, at most 1/2
    first, second, _ = row("half_pi", x)
    return b.bits(shifted), b.fma(turn, first, turn * second)


def choose(b: Body, quadrant: Value, r: Value, sign: Value) -> Value:
    """sin r or cos r, as the lowest bit of quadrant says, its sign turned by the next bit and by
    ``sign`` (bits).
    """
    width = r.layout.sign_bits.bit_length()
    odd = (quadrant & 1).differs(0)
    size = b.select(odd, cos_kernel(b, r), sin_kernel(b, r))
    flip = ((quadrant << (width - 2)) ^ sign) & r.layout.sign_bits
    return b.from_bits(b.bits(size) ^ flip)


def sin_of(b: Body, x: Value, quadrant: Value, r: Value) -> Value:
    return choose(b, quadrant, r, b.bits(x))


def cos_of(b: Body, x: Value, quadrant: Value, r: Value) -> Value:
    return choose(b, quadrant + 1, r, b.constant(0, quadrant.element))


def tan_of(b: Body, x: Value, quadrant: Value, r: Value) -> Value:
    odd = (quadrant & 1).differs(0)
    sine, cosine = sin_kernel(b, r), cos_kernel(b, r)
    ratio = b.select(odd, -cosine, sine) / b.select(odd, sine, cosine)
    return b.from_bits(b.bits(ratio) ^ (b.bits(x) & x.layout.sign_bits))


def quick_and_rare(b: Body, x: Value, of: Formula, helper: str) -> Value:
    size = b.fabs(x)
    usual = of(b, x, *quick_reduction(b, size))
    return b.rarely(size > LARGEST_QUICK[x.element], usual, helper, x)


def long_only(b: Body, x: Value, of: Formula) -> Value:
    quadrant, r = long_reduction(b, b.fabs(x))
    if x.element == "float":  # the reduction was made in double, and so is the rest
        return b.narrow(of(b, b.widen(x), quadrant, r))
    return of(b, x, quadrant, r)


def sin(b: Body, x: Value) -> Value:
    return quick_and_rare(b, x, sin_of, "sin_large")


def cos(b: Body, x: Value) -> Value:
    return quick_and_rare(b, x, cos_of, "cos_large")


def tan(b: Body, x: Value) -> Value:
    return quick_and_rare(b, x, tan_of, "tan_large")


def sin_large(b: Body, x: Value) -> Value:
    return long_only(b, x, sin_of)


def cos_large(b: Body, x: Value) -> Value:
    return long_only(b, x, cos_of)


def tan_large(b: Body, x: Value) -> Value:
    return long_only(b, x, tan_of)
