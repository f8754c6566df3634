"""What each element-wise primitive is in LLVM: one row or one short function a primitive.

A rule gets the writer, the operands' dtype, the lanes and the operands' names, and returns a name.
"""

from __future__ import annotations

from collections.abc import Callable

from rushlight.base.dtype import BOOL
from rushlight.base.dtype import dtype as DType
from rushlight.compiler import math as vector_math
from rushlight.compiler.emit import MEMORY, REGISTER, Writer, literal

Rule = Callable[[Writer, DType, int, list[str]], str]

_FLOAT = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_WHOLE = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_LOGICAL = {"add": "or", "mul": "and", "maximum": "or", "minimum": "and"}
_ROUND = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "roundeven"}
_FLOAT_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole"}
_COMPARE = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle"}
# Of operands that bfloat16 holds, these make no nan that rounding could carry into a number.
_PLAIN = frozenset(("add", "sub", "mul", "div", "sqrt", "rsqrt", "reciprocal", "fma"))
# Results that float16 and bfloat16 hold exactly need no rounding.
EXACT = frozenset((
    "neg", "abs", "sign", "floor", "ceil", "trunc", "round", "maximum", "minimum", "copysign",
))  # fmt: skip


def element_of(dtype: DType) -> str:
    found = REGISTER.get(dtype.name)
    if found is None:
        raise NotImplementedError(f"{dtype} has no lowering")
    return found


def emit(w: Writer, op: str, dtype: DType, lanes: int, args: list[str]) -> str:
    """``op`` on operands of ``dtype`` (for where: of its branches)."""
    element = element_of(dtype)
    kind = w.kind(element, lanes)
    if op == "where":
        flags = w.kind("i1", lanes)
        return w.let(f"select {flags} {args[0]}, {kind} {args[1]}, {kind} {args[2]}")
    if dtype.is_floating_point:
        if op == "nextafter":
            return _next_after(w, dtype, lanes, args[0], args[1])
        result = _float(w, op, element, lanes, args)
        if op in _FLOAT_COMPARE or op in EXACT:
            return result
        if dtype.name == "float16" and op in vector_math.SUPPORTED:
            # LLVM would carry a copysign in double through both roundings, and call a library for
            # double to half; through whole numbers it does not.
            return w.from_memory(w.half_by_bits(result, lanes), dtype, lanes)
        return w.rounded(result, dtype, lanes, plain=op in _PLAIN)
    if dtype.category == BOOL:
        return _bool(w, op, lanes, args)
    return _integer(w, op, dtype, element, lanes, args)


def _missing(op: str, kind: str) -> NotImplementedError:
    return NotImplementedError(f"{op} of {kind} has no lowering")


def _float(w: Writer, op: str, element: str, lanes: int, args: list[str]) -> str:
    kind = w.kind(element, lanes)
    x = args[0]
    if op in _FLOAT:
        # Each rounds by itself, not as half of an fma: a value is the same wherever a plan ends.
        return w.let(f"{_FLOAT[op]} {kind} {x}, {args[1]}")
    if op in _FLOAT_COMPARE:
        return w.let(f"fcmp {_FLOAT_COMPARE[op]} {kind} {x}, {args[1]}")
    if op in _ROUND:
        return _intrinsic(w, _ROUND[op], element, lanes, [x])
    if op == "neg":
        return w.let(f"fneg {kind} {x}")
    if op == "abs":
        return _intrinsic(w, "fabs", element, lanes, [x])
    if op == "sqrt":
        return _intrinsic(w, "sqrt", element, lanes, [x])
    if op == "fma":
        return _intrinsic(w, "fma", element, lanes, args)
    if op in ("maximum", "minimum"):
        return extreme(w, op, element, lanes, x, args[1])
    one = w.splat(literal(1.0, element), element, lanes)
    if op == "reciprocal":
        return w.let(f"fdiv {kind} {one}, {x}")
    if op == "rsqrt":
        root = _intrinsic(w, "sqrt", element, lanes, [x])
        return w.let(f"fdiv {kind} {one}, {root}")
    if op == "copysign":
        return _intrinsic(w, "copysign", element, lanes, args)
    if op == "sign":
        zero = w.splat(literal(0.0, element), element, lanes)
        signed = _intrinsic(w, "copysign", element, lanes, [one, x])
        other = w.let(f"fcmp one {kind} {x}, {zero}")
        # nan and the zeros are neither below nor above zero: they stay what they are
        return w.let(f"select {w.kind('i1', lanes)} {other}, {kind} {signed}, {kind} {x}")
    if op == "fmod":
        return _fmod(w, element, lanes, x, args[1])
    if op == "remainder":
        return _remainder(w, element, lanes, x, args[1])
    if op == "floordiv":
        return _floor_divide(w, element, lanes, x, args[1])
    if op in vector_math.SUPPORTED:
        return w.call_math(op, element, lanes, args)
    raise _missing(op, element)


def _intrinsic(w: Writer, name: str, element: str, lanes: int, args: list[str]) -> str:
    kind = w.kind(element, lanes)
    listed = ", ".join(f"{kind} {arg}" for arg in args)
    return w.let(f"call {kind} @llvm.{name}.{w.overload(element, lanes)}({listed})")


def extreme(w: Writer, op: str, element: str, lanes: int, x: str, y: str) -> str:
    """The larger or smaller of two; of floats nan if either is."""
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    if element[0] == "i":
        raise _missing(op, element)
    above = w.let(f"fcmp {'ogt' if op == 'maximum' else 'olt'} {kind} {x}, {y}")
    # where y is nan the comparison fails and picks it
    best = w.let(f"select {flags} {above}, {kind} {x}, {kind} {y}")
    is_nan = w.let(f"fcmp uno {kind} {x}, {x}")
    return w.let(f"select {flags} {is_nan}, {kind} {x}, {kind} {best}")


def _fmod(w: Writer, element: str, lanes: int, x: str, y: str) -> str:
    if "fmod" in vector_math.SUPPORTED:
        return w.call_math("fmod", element, lanes, [x, y])
    return w.let(f"frem {w.kind(element, lanes)} {x}, {y}")


def _next_after(w: Writer, dtype: DType, lanes: int, x: str, y: str) -> str:
    """One step in the bits: away from zero or towards it; from zero to the least number."""
    element = element_of(dtype)
    memory, whole = MEMORY[dtype.name], f"i{8 * dtype.itemsize}"
    kind, bits, flags = w.kind(element, lanes), w.kind(whole, lanes), w.kind("i1", lanes)
    stored = w.kind(memory, lanes)

    def to_bits(value: str) -> str:
        value = w.to_memory(value, dtype, lanes)
        return value if memory == whole else w.let(f"bitcast {stored} {value} to {bits}")

    def from_bits(value: str) -> str:
        if memory != whole:
            value = w.let(f"bitcast {bits} {value} to {stored}")
        return w.from_memory(value, dtype, lanes)

    one, zero = w.splat("1", whole, lanes), w.splat(literal(0.0, element), element, lanes)
    number = to_bits(x)
    up, down = w.let(f"add {bits} {number}, {one}"), w.let(f"sub {bits} {number}, {one}")
    below, positive = w.let(f"fcmp olt {kind} {x}, {y}"), w.let(f"fcmp ogt {kind} {x}, {zero}")
    away = w.let(f"icmp eq {flags} {below}, {positive}")
    stepped = from_bits(w.let(f"select {flags} {away}, {bits} {up}, {bits} {down}"))
    signed = _intrinsic(w, "copysign", element, lanes, [from_bits(one), y])
    at_zero = w.let(f"fcmp oeq {kind} {x}, {zero}")
    stepped = w.let(f"select {flags} {at_zero}, {kind} {signed}, {kind} {stepped}")
    equal = w.let(f"fcmp oeq {kind} {x}, {y}")
    stepped = w.let(f"select {flags} {equal}, {kind} {y}, {kind} {stepped}")
    total = w.let(f"fadd {kind} {x}, {y}")
    unordered = w.let(f"fcmp uno {kind} {x}, {y}")
    return w.let(f"select {flags} {unordered}, {kind} {total}, {kind} {stepped}")


def _signs_differ(w: Writer, element: str, lanes: int, x: str, y: str) -> str:
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    zero = w.splat(literal(0.0, element), element, lanes)
    a = w.let(f"fcmp olt {kind} {x}, {zero}")
    b = w.let(f"fcmp olt {kind} {y}, {zero}")
    differ = w.let(f"xor {flags} {a}, {b}")
    nonzero = w.let(f"fcmp une {kind} {x}, {zero}")
    return w.let(f"and {flags} {differ}, {nonzero}")


def _remainder(w: Writer, element: str, lanes: int, x: str, y: str) -> str:
    kind = w.kind(element, lanes)
    rest = _fmod(w, element, lanes, x, y)
    moved = w.let(f"fadd {kind} {rest}, {y}")
    wrong = _signs_differ(w, element, lanes, rest, y)
    return w.let(f"select {w.kind('i1', lanes)} {wrong}, {kind} {moved}, {kind} {rest}")


def _floor_divide(w: Writer, element: str, lanes: int, x: str, y: str) -> str:
    """As Python divides floats, from the exact remainder: 1.0 // 0.1 is 9."""
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)

    def number(value: float) -> str:
        return w.splat(literal(value, element), element, lanes)

    rest = _fmod(w, element, lanes, x, y)
    difference = w.let(f"fsub {kind} {x}, {rest}")
    quotient = w.let(f"fdiv {kind} {difference}, {y}")
    wrong = _signs_differ(w, element, lanes, rest, y)
    less = w.let(f"fsub {kind} {quotient}, {number(1.0)}")
    quotient = w.let(f"select {flags} {wrong}, {kind} {less}, {kind} {quotient}")
    floor = _intrinsic(w, "floor", element, lanes, [quotient])
    over = w.let(f"fsub {kind} {quotient}, {floor}")
    up = w.let(f"fcmp ogt {kind} {over}, {number(0.5)}")
    next_floor = w.let(f"fadd {kind} {floor}, {number(1.0)}")
    floor = w.let(f"select {flags} {up}, {kind} {next_floor}, {kind} {floor}")
    plain = w.let(f"fdiv {kind} {x}, {y}")
    zero = _intrinsic(w, "copysign", element, lanes, [number(0.0), plain])
    nonzero = w.let(f"fcmp une {kind} {quotient}, {number(0.0)}")
    floor = w.let(f"select {flags} {nonzero}, {kind} {floor}, {kind} {zero}")
    by_zero = w.let(f"fcmp oeq {kind} {y}, {number(0.0)}")
    return w.let(f"select {flags} {by_zero}, {kind} {plain}, {kind} {floor}")


def _bool(w: Writer, op: str, lanes: int, args: list[str]) -> str:
    kind = w.kind("i1", lanes)
    x = args[0]
    if op == "not":
        return w.let(f"xor {kind} {x}, {w.splat('true', 'i1', lanes)}")
    if op in ("abs", "sign"):
        return x
    name = _LOGICAL.get(op, op)
    if name in ("and", "or", "xor"):
        return w.let(f"{name} {kind} {x}, {args[1]}")
    if op in ("eq", "ne"):
        return w.let(f"icmp {op} {kind} {x}, {args[1]}")
    if op in ("lt", "le"):
        return w.let(f"icmp u{op} {kind} {x}, {args[1]}")
    raise _missing(op, "bool")


def _integer(w: Writer, op: str, dtype: DType, element: str, lanes: int, args: list[str]) -> str:
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    signed = dtype.is_signed
    x = args[0]
    zero, one = (w.splat(number, element, lanes) for number in ("0", "1"))
    minus = w.splat("-1", element, lanes)
    if op in _WHOLE:
        return w.let(f"{_WHOLE[op]} {kind} {x}, {args[1]}")
    if op in _COMPARE:
        test = _COMPARE[op] if signed else _COMPARE[op].replace("s", "u")
        return w.let(f"icmp {test} {kind} {x}, {args[1]}")
    if op == "neg":
        return w.let(f"sub {kind} {zero}, {x}")
    if op == "not":
        return w.let(f"xor {kind} {x}, {minus}")
    if op == "abs":
        if not signed:
            return x
        return w.let(f"call {kind} @llvm.abs.{w.overload(element, lanes)}({kind} {x}, i1 false)")
    if op == "sign":
        above = w.let(f"icmp {'sgt' if signed else 'ugt'} {kind} {x}, {zero}")
        positive = w.let(f"select {flags} {above}, {kind} {one}, {kind} {zero}")
        if not signed:
            return positive
        below = w.let(f"icmp slt {kind} {x}, {zero}")
        return w.let(f"select {flags} {below}, {kind} {minus}, {kind} {positive}")
    if op in ("maximum", "minimum"):
        name = ("s" if signed else "u") + op[:3]
        return _intrinsic(w, name, element, lanes, args)
    if op in ("shl", "shr"):
        return _shift(w, op, dtype, element, lanes, x, args[1])
    if op in ("floordiv", "truncdiv", "remainder", "fmod"):
        return _divide(w, op, signed, element, lanes, x, args[1])
    if op == "pow":
        return _integer_power(w, element, lanes, x, args[1], signed)
    raise _missing(op, dtype.name)


def _shift(w: Writer, op: str, dtype: DType, element: str, lanes: int, x: str, y: str) -> str:
    """Shifts by a negative count or by the width and more leave nothing, or the sign."""
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    bits = dtype.itemsize * 8
    inside = w.let(f"icmp ult {kind} {y}, {w.splat(str(bits), element, lanes)}")
    zero = w.splat("0", element, lanes)
    if op == "shl" or not dtype.is_signed:
        by = w.let(f"select {flags} {inside}, {kind} {y}, {kind} {zero}")
        moved = w.let(f"{'shl' if op == 'shl' else 'lshr'} {kind} {x}, {by}")
        return w.let(f"select {flags} {inside}, {kind} {moved}, {kind} {zero}")
    last = w.splat(str(bits - 1), element, lanes)
    by = w.let(f"select {flags} {inside}, {kind} {y}, {kind} {last}")
    return w.let(f"ashr {kind} {x}, {by}")


def _divide(w: Writer, op: str, signed: bool, element: str, lanes: int, x: str, y: str) -> str:
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    zero, one = (w.splat(number, element, lanes) for number in ("0", "1"))
    bad = w.let(f"icmp eq {kind} {y}, {zero}")
    w.fail_where(bad, lanes)
    y = w.let(f"select {flags} {bad}, {kind} {one}, {kind} {y}")
    if not signed:
        quotient, rest = _quotient(w, signed, element, lanes, x, y)
        return quotient if op.endswith("div") else rest
    # The least number / -1 traps on x86: divide by 1 and negate, which wraps.
    minus = w.let(f"icmp eq {kind} {y}, {w.splat('-1', element, lanes)}")
    safe = w.let(f"select {flags} {minus}, {kind} {one}, {kind} {y}")
    quotient, rest = _quotient(w, signed, element, lanes, x, safe)
    if op == "fmod":
        return rest
    negated = w.let(f"sub {kind} {zero}, {quotient}")
    quotient = w.let(f"select {flags} {minus}, {kind} {negated}, {kind} {quotient}")
    if op == "truncdiv":
        return quotient
    opposite = w.let(f"xor {kind} {rest}, {y}")
    differ = w.let(f"icmp slt {kind} {opposite}, {zero}")
    nonzero = w.let(f"icmp ne {kind} {rest}, {zero}")
    wrong = w.let(f"and {flags} {differ}, {nonzero}")
    if op == "remainder":
        moved = w.let(f"add {kind} {rest}, {y}")
        return w.let(f"select {flags} {wrong}, {kind} {moved}, {kind} {rest}")
    less = w.let(f"sub {kind} {quotient}, {one}")
    return w.let(f"select {flags} {wrong}, {kind} {less}, {kind} {quotient}")


def _quotient(w: Writer, signed: bool, element: str, lanes: int, x: str, y: str) -> tuple[str, str]:
    """(x / y toward zero, what is left). No CPU divides vectors of whole numbers; of 32 bits and
    fewer, doubles do it exactly: a quotient that is no whole number is at least 2**-31 of itself
    away from the next one.
    """
    kind, sign = w.kind(element, lanes), "s" if signed else "u"
    if lanes == 1 or element == "i64":
        quotient = w.let(f"{sign}div {kind} {x}, {y}")
        return quotient, w.let(f"{sign}rem {kind} {x}, {y}")
    wide = w.kind("double", lanes)
    top, below = (w.let(f"{sign}itofp {kind} {each} to {wide}") for each in (x, y))
    ratio = w.let(f"fdiv {wide} {top}, {below}")
    quotient = w.let(f"fptosi {wide} {ratio} to {w.kind('i32', lanes)}")
    if element != "i32":
        quotient = w.let(f"trunc {w.kind('i32', lanes)} {quotient} to {kind}")
    product = w.let(f"mul {kind} {quotient}, {y}")
    return quotient, w.let(f"sub {kind} {x}, {product}")


def _integer_power(w: Writer, element: str, lanes: int, x: str, y: str, signed: bool) -> str:
    """Square and multiply over all bits of the exponent; a negative one leaves what 1, -1 give."""
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    zero, one = (w.splat(number, element, lanes) for number in ("0", "1"))
    minus = w.splat("-1", element, lanes)
    negative = w.let(f"icmp slt {kind} {y}, {zero}") if signed else None
    result, base = w.variable(kind, one), w.variable(kind, x)
    start = y
    if negative is not None:
        start = w.let(f"select {flags} {negative}, {kind} {zero}, {kind} {y}")
    rest = w.variable(kind, start)
    with w.loop("0", str(int(element[1:]))):
        r, b, n = (w.let(f"load {kind}, ptr {place}") for place in (result, base, rest))
        low = w.let(f"and {kind} {n}, {one}")
        odd = w.let(f"icmp ne {kind} {low}, {zero}")
        product = w.let(f"mul {kind} {r}, {b}")
        picked = w.let(f"select {flags} {odd}, {kind} {product}, {kind} {r}")
        w.do(f"store {kind} {picked}, ptr {result}")
        square = w.let(f"mul {kind} {b}, {b}")
        w.do(f"store {kind} {square}, ptr {base}")
        shifted = w.let(f"lshr {kind} {n}, {one}")
        w.do(f"store {kind} {shifted}, ptr {rest}")
    power = w.let(f"load {kind}, ptr {result}")
    if negative is None:
        return power
    low = w.let(f"and {kind} {y}, {one}")
    odd = w.let(f"icmp ne {kind} {low}, {zero}")
    sign = w.let(f"select {flags} {odd}, {kind} {minus}, {kind} {one}")
    is_one = w.let(f"icmp eq {kind} {x}, {one}")
    is_minus = w.let(f"icmp eq {kind} {x}, {minus}")
    inverse = w.let(f"select {flags} {is_minus}, {kind} {sign}, {kind} {zero}")
    inverse = w.let(f"select {flags} {is_one}, {kind} {one}, {kind} {inverse}")
    return w.let(f"select {flags} {negative}, {kind} {inverse}, {kind} {power}")
