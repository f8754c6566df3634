"""exp and its relatives. All of them cut x = n ln 2 + r with |r| <= ln 2 / 2 and put n into the
exponent field.
"""

from __future__ import annotations

import struct

from rushlight.base.record import Record
from rushlight.compiler.math.body import LAYOUTS, SUFFIX, Body, Value
from rushlight.compiler.math.coefficients import TABLES
from rushlight.compiler.math.table import SIZE, look_up, look_up_float, piecewise


class Range(Record):
    """Where exp is neither 0 nor infinite, with a little to spare."""

    lowest: float
    highest: float


RANGES = {
    "float": Range(-104.0, 89.0),
    "double": Range(-746.0, 710.0),
}
LOG2_E = 1.4426950408889634
# Where 1 + 105/64 x passes through the middle of each half of its powers of two, but for the first
# piece, whose polynomial is around 0; floats (tools/fit_math.py).
TANH_CENTRES = struct.unpack(
    "8f", struct.pack("8f", 0, *[(n / 4 - 1) * 64 / 105 for n in (7, 10, 14, 20, 28, 40, 56)])
)


def row(name: str, x: Value, grade: str = "") -> tuple[float, ...]:
    """The table of ``name`` for x's type, or of grade 'wide': x a double, the result to be good
    to a float.
    """
    return TABLES[f"{name}_{grade or SUFFIX[x.element]}"]


def cut(b: Body, x: Value) -> tuple[Value, Value]:
    """(n + magic, r): x = n ln 2 + r. The integer n is in the low bits of the first."""
    magic = x.layout.magic
    high, low = row("ln2", x)
    shifted = b.fma(x, LOG2_E, magic)
    n = shifted - magic
    r = b.fma(n, -high, x)  # exact: it is fused, and the leading bits cancel
    return shifted, b.fma(n, -low, r)


def power_of_two(b: Body, shifted: Value, less: int = 0) -> Value:
    """2**(n - less) where that is a normal number; ``shifted`` is n + magic."""
    layout = shifted.layout
    field = b.bits(shifted) << layout.mantissa
    return b.from_bits(field + (layout.one_bits - (less << layout.mantissa)))


def scale(b: Body, p: Value, shifted: Value) -> Value:
    """p * 2**n in two factors, so that subnormal results are rounded once and the largest do not
    overflow early.

    A product, not an addition to the exponent field: NaN has to survive.
    """
    layout = shifted.layout
    packed = b.bits(shifted)
    whole = packed << layout.mantissa
    half = (
        packed >> 1
    ) << layout.mantissa  # the magic number's low bits are zero: this is floor(n / 2)
    first = b.from_bits(half + layout.one_bits)
    second = b.from_bits((whole - half) + layout.one_bits)
    return p * first * second


def exp_mantissa(b: Body, r: Value, grade: str = "") -> Value:
    """exp(r), |r| <= ln 2 / 2."""
    if r.element == "float":
        return b.fma(r, b.polynomial(r, row("exp", r)), 1.0)
    tail = b.polynomial(r, row("expm1", r, grade))
    return b.fma(r * r, tail, r) + 1.0


def clamp(b: Body, x: Value) -> Value:
    limits = RANGES[x.element]
    return b.at_least(b.at_most(x, limits.highest), limits.lowest)


def exp(b: Body, x: Value) -> Value:
    if x.element == "float":
        return exp_by_table(b, x)
    shifted, r = cut(b, clamp(b, x))
    return scale(b, exp_mantissa(b, r), shifted)


def _eighths(less: int) -> list[int]:
    """The bits of 2**(j/8 - less) with j taken out of where ``cut_eighth`` will add it."""
    layout = LAYOUTS["float"]
    words = []
    for j in range(SIZE):
        (word,) = struct.unpack("<I", struct.pack("<f", 2.0 ** (j / SIZE)))
        words.append(word - (j << layout.mantissa - 3) - (less << layout.mantissa))
    return words


def cut_eighth(b: Body, x: Value, less: int) -> tuple[Value, Value, Value]:
    """(m, t, q) of a float, exp(x) = (t + t * q) * 2**less, as far as t is a normal number.

    x = m ln 2 / 8 + r, |r| <= ln 2 / 16: three bits of m choose one of eight powers of two, the
    others are its exponent, q = expm1(r) is a short polynomial. NaN comes out in q.
    """
    high, low = row("ln2", x)
    shifted = b.fma(x, SIZE * LOG2_E, x.layout.magic)
    n = shifted - x.layout.magic
    r = b.fma(n, -low / SIZE, b.fma(n, -high / SIZE, x))  # the inner one is exact
    m = b.bits(shifted)
    t = look_up(b, m, _eighths(less)) + (m << (x.layout.mantissa - 3))
    return m, t, b.fma(r * r, b.polynomial(r, row("expm1_eighth", r)), r)


def exp_by_table(b: Body, x: Value) -> Value:
    """exp of floats, subnormal results and infinity among them."""
    layout = x.layout
    m, t, q = cut_eighth(b, clamp(b, x), less=1)
    # Far down t is made 2**64 times as large, so that subnormals are rounded by the last product.
    (magic,) = struct.unpack("<I", struct.pack("<f", layout.magic))
    two = (layout.exponent_bias + 1) << layout.mantissa
    lift = b.select(m < magic - 64 * SIZE, b.constant(64 << layout.mantissa, "i32"), 0)
    t = b.from_bits(t + lift)
    return b.fma(t, q, t) * b.from_bits(b.constant(two, "i32") - lift)


# Powers of two by which the exponential in a share of a sum is larger than it.
SHARE_LIFT = 64


def exp_down(b: Body, x: Value) -> Value:
    """exp(x) for x <= 0, the same bits for less."""
    if x.element != "float":
        shifted, r = cut(b, b.at_least(x, RANGES[x.element].lowest))
        return scale(b, exp_mantissa(b, r), shifted)
    # What is far below, masked elements of a softmax say, becomes 0 before the last product: one
    # that is rounded to 0 takes the CPU ten times as long as another.
    _, word, q = cut_eighth(b, x, less=-64)
    t = b.from_bits(word)
    return b.select(x < RANGES[x.element].lowest, 0.0, b.fma(t, q, t)) * 2.0**-64


def exp_term(b: Body, x: Value) -> Value:
    """exp(x) for x <= 0 to 3e-8 + 3e-9 |x| of it, never below 1e-38: for sums of at least 1.

    What is left out of ``exp_down`` is a quarter of its instructions, and nothing beside 1.
    """
    if x.element != "float":
        return exp_down(b, x)
    t, q = _term(b, b.at_least(x, -87.0), less=0)
    return b.fma(t, q, t)


def _term(b: Body, x: Value, less: int) -> tuple[Value, Value]:
    """(t, q) of a float, exp(x) = (t + t * q) * 2**less, without the last digits of ln 2."""
    shifted = b.fma(x, SIZE * LOG2_E, x.layout.magic)
    r = b.fma(shifted - x.layout.magic, -row("ln2", x)[0] / SIZE, x)
    m = b.bits(shifted)
    t = b.from_bits(look_up(b, m, _eighths(less)) + (m << (x.layout.mantissa - 3)))
    return t, b.fma(r * r, b.polynomial(r, row("expm1_term", r)), r)


def exp_share(b: Body, x: Value, part: Value) -> Value:
    """exp(x) * part * 2**SHARE_LIFT for x <= 0, where NaN in x has made part NaN.

    The exponential is good to what x = y - max(y) was rounded by: 3e-9 |x| of it is lost, a tenth.
    ``part`` is a normal number; it meets the power of two, which is there early, not the product.
    """
    if x.element != "float":
        return exp_down(b, x) * (part * 2.0**SHARE_LIFT)
    # Here the power of two has the bits of 0: what is below is 0 without a product that is rounded
    # to it, which takes the CPU ten times as long as another.
    x = b.at_least(x, -(SHARE_LIFT + x.layout.exponent_bias) / LOG2_E)
    t, q = _term(b, x, less=-SHARE_LIFT)
    t = t * part
    return b.fma(t, q, t)


def exp2(b: Body, x: Value) -> Value:
    low, high = (-151.0, 129.0) if x.element == "float" else (-1076.0, 1025.0)
    x = b.at_least(b.at_most(x, high), low)
    shifted = x + x.layout.magic
    r = x - (shifted - x.layout.magic)
    return scale(b, b.fma(r, b.polynomial(r, row("exp2", r)), 1.0), shifted)


def expm1_parts(b: Body, x: Value) -> tuple[Value, Value]:
    """(n + magic, expm1(r))."""
    magic = x.layout.magic
    high, low = row("ln2", x)
    shifted = b.fma(x, LOG2_E, magic)
    n = shifted - magic
    leading = b.fma(n, -high, x)  # exact, so r is rounded only where that matters less
    rest = n * -low
    r = leading + rest
    return shifted, leading + b.fma(r * r, b.polynomial(r, row("expm1", r)), rest)


def expm1(b: Body, x: Value) -> Value:
    shifted, q = expm1_parts(b, clamp(b, x))
    # -1 is reached long before 2**(n - 1) leaves the normal numbers below; above, n - 1 keeps it
    # finite.
    lowest = -(x.layout.mantissa + 10.0) + x.layout.magic
    half = power_of_two(b, b.at_least(shifted, lowest), less=1)
    result = b.fma(q, half, half - 0.5) * 2.0
    # Halving would cost a subnormal its last bit, and a zero its sign.
    return b.select(b.fabs(x) < 2.0 ** -(x.layout.mantissa + 2), x, result)


def _eighths_lost() -> list[float]:
    """What each of the eight powers of two was rounded by, in parts of itself."""
    lost = []
    for j in range(SIZE):
        (power,) = struct.unpack("<f", struct.pack("<f", 2.0 ** (j / SIZE)))
        lost.append(2.0 ** (j / SIZE) / power - 1.0)
    return lost


def expm1_down(b: Body, x: Value) -> Value:
    """exp(x) - 1 for x <= 0."""
    if x.element != "float":
        return expm1(b, x)
    m, word, q = cut_eighth(b, b.at_least(x, -18.0), less=0)
    t = b.from_bits(word)
    result = b.fma(t, q + look_up_float(b, m, _eighths_lost()), t - 1.0)
    # -0.0 has become 0.0; everything else is negative already.
    return b.from_bits(b.bits(result) | (b.bits(x) & x.layout.sign_bits))


def tanh_by_pieces(b: Body, x: Value) -> Value:
    """tanh of floats. The exponent and the first bit of 1 + 105/64 |x| say which piece."""
    size = b.at_most(b.fabs(x), 9.125)
    index = b.bits(b.fma(size, 105 / 64, 1.0)) >> (x.layout.mantissa - 1)
    # The bits of 1.0 are 127 for the exponent and a zero: piece 0 has the index 6.
    centres = [TANH_CENTRES[(place - 6) % SIZE] for place in range(SIZE)]
    t = size - look_up_float(b, index, centres)
    return b.copysign(b.at_most(piecewise(b, "tanh_piece", index, t, first=6), 1.0), x)


def tanh(b: Body, x: Value) -> Value:
    if x.element == "float":
        return tanh_by_pieces(b, x)
    # With e = expm1(-2|x|) in (-1, 0]: tanh |x| = -e / (e + 2), no overflow and no cancellation.
    size = b.fabs(x)
    enough = 10.0 if x.element == "float" else 22.0
    shifted, q = expm1_parts(b, b.at_most(size, enough) * -2.0)
    s = power_of_two(b, shifted)
    less = s - 1.0
    e = b.fma(q, s, less)
    below = e + 2.0
    ratio = e / below
    # What the two sums lost together can be an ulp of the result. It is given back to first order,
    # with (1 - ratio) / 2 for 1 / below.
    lost = b.fma(q, s, less - e) - ratio * (e - (below - 2.0))
    return b.copysign(b.fma(lost, b.fma(ratio, -0.5, 0.5), ratio), x)


def scale_down(b: Body, p: Value, shifted: Value) -> Value:
    """p * 2**n for n <= 0: cheaper than ``scale``, one constant reaches the subnormals."""
    lift = (p.layout.exponent_bias + 1) // 2
    return p * power_of_two(b, shifted, less=-lift) * 2.0**-lift


def sigmoid_by_table(b: Body, x: Value) -> Value:
    """1 / (1 + exp(-x)) of floats, all of it 2**-64 times as large: exp(104) is no float.

    1 + t + t q is added up from the larger of 1 and t and the rest, rounded twice (2.01 ulp).
    """
    _, word, q = cut_eighth(b, -b.at_least(b.at_most(x, 28.0), -104.0), less=64)
    t = b.from_bits(word)
    one = b.constant(2.0**-64, x.element)
    larger, smaller = b.select(t > one, t, one), b.select(t < one, t, one)
    return one / (larger + b.fma(t, q, smaller))


def sigmoid(b: Body, x: Value) -> Value:
    if x.element == "float":
        return sigmoid_by_table(b, x)
    shifted, r = cut(b, b.at_least(-b.fabs(x), RANGES[x.element].lowest))
    z = scale_down(b, exp_mantissa(b, r), shifted)
    below = z + 1.0
    ratio = b.select(x < 0.0, z, 1.0) / below
    # What the sum lost, given back as if below were 1: where it is nearer 2, losing is no worse.
    return b.fma(below - 1.0 - z, ratio, ratio)


def quarter_exp(b: Body, size: Value) -> Value:
    """exp(size) / 4 for size >= 0, so that sinh and cosh overflow where they should."""
    shifted, r = cut(b, b.at_most(size, RANGES[size.element].highest + 1.0))
    return exp_mantissa(b, r) * power_of_two(b, shifted, less=2)


def cosh(b: Body, x: Value) -> Value:
    quarter = quarter_exp(b, b.fabs(x))
    return b.fma(quarter, 2.0, 0.125 / quarter)


def sinh(b: Body, x: Value) -> Value:
    size = b.fabs(x)
    quarter = quarter_exp(b, size)
    large = b.fma(quarter, 2.0, -(0.125 / quarter))
    square = size * size
    small = b.fma(size * square, b.polynomial(square, row("sinh", x)), size)
    return b.copysign(b.select(size < 1.0, small, large), x)
