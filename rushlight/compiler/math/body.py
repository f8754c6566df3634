"""Write straight-line LLVM IR for one function: values with operators, each of which appends an
instruction.

Formulas in this package read like arithmetic and come out as text. A formula is driven by the
element type of its argument, so one formula serves scalars and vectors of any length, float and
double.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import final

from rushlight.base.record import Record

ELEMENTS = {"f32": "float", "f64": "double"}
INTEGER_OF = {"float": "i32", "double": "i64"}
SUFFIX = {"float": "f32", "double": "f64"}


class Layout(Record):
    """How an IEEE type is laid out, and the numbers that follow from it."""

    mantissa: int  # explicit bits
    exponent_bias: int

    @property
    def magic(self) -> float:
        """1.5 * 2**mantissa: adding it rounds to an integer and leaves that integer in the low
        bits.
        """
        return 1.5 * 2.0**self.mantissa

    @property
    def one_bits(self) -> int:
        return self.exponent_bias << self.mantissa

    @property
    def sign_bits(self) -> int:
        return 1 << (self.mantissa + self.exponent_bias.bit_length() + 1)


LAYOUTS = {"float": Layout(23, 127), "double": Layout(52, 1023)}


@final
class Value:
    """One SSA value. Python numbers in arithmetic become constants of the other side's type."""

    __slots__ = ("body", "element", "name")

    def __init__(self, body: Body, name: str, element: str) -> None:
        self.body = body
        self.name = name
        self.element = element

    @property
    def type(self) -> str:
        return self.body.type_of(self.element)

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.element]

    def __add__(self, other: Operand) -> Value:
        return self.body.binary("add", self, other)

    def __radd__(self, other: float) -> Value:
        return self.body.binary("add", self, other)

    def __sub__(self, other: Operand) -> Value:
        return self.body.binary("sub", self, other)

    def __rsub__(self, other: float) -> Value:
        return self.body.binary("sub", self.body.constant(other, self.element), self)

    def __mul__(self, other: Operand) -> Value:
        return self.body.binary("mul", self, other)

    def __rmul__(self, other: float) -> Value:
        return self.body.binary("mul", self, other)

    def __truediv__(self, other: Operand) -> Value:
        return self.body.binary("div", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self.body.binary("div", self.body.constant(other, self.element), self)

    def __and__(self, other: Operand) -> Value:
        return self.body.binary("and", self, other)

    def __or__(self, other: Operand) -> Value:
        return self.body.binary("or", self, other)

    def __xor__(self, other: Operand) -> Value:
        return self.body.binary("xor", self, other)

    def __lshift__(self, count: int) -> Value:
        return self.body.binary("shl", self, count)

    def __rshift__(self, count: int) -> Value:
        """Logical: zeros come in from the left."""
        return self.body.binary("lshr", self, count)

    def __neg__(self) -> Value:
        return self.body.emit(f"fneg {self.type} {self.name}", self.element)

    def __lt__(self, other: Operand) -> Value:
        return self.body.compare("olt", "slt", self, other)

    def __le__(self, other: Operand) -> Value:
        return self.body.compare("ole", "sle", self, other)

    def __gt__(self, other: Operand) -> Value:
        return self.body.compare("ogt", "sgt", self, other)

    def __ge__(self, other: Operand) -> Value:
        return self.body.compare("oge", "sge", self, other)

    def equals(self, other: Operand) -> Value:
        return self.body.compare("oeq", "eq", self, other)

    def differs(self, other: Operand) -> Value:
        """True where one side is NaN, too."""
        return self.body.compare("une", "ne", self, other)

    def is_nan(self) -> Value:
        return self.body.compare("uno", "", self, self)

    def invert(self) -> Value:
        """The opposite of a condition."""
        return self.body.emit(f"xor {self.type} {self.name}, {self.body.splat('i1', 'true')}", "i1")


Operand = Value | float | int


@final
class Body:
    """The instructions of one function of ``lanes`` lanes, in the order they were asked for."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.lines: list[str] = []
        self.needs: list[tuple[str, str]] = []  # (helper, dtype) in order of first use
        self.block = "entry"
        self._count = 0

    # Types and constants

    def type_of(self, element: str) -> str:
        return element if self.lanes == 1 else f"<{self.lanes} x {element}>"

    def splat(self, element: str, text: str) -> str:
        if self.lanes == 1:
            return text
        return "zeroinitializer" if text == "0" else f"splat ({element} {text})"

    def constant(self, number: float, element: str) -> Value:
        return Value(self, self.splat(element, literal(number, element)), element)

    def _value(self, operand: Operand, like: Value) -> Value:
        return operand if isinstance(operand, Value) else self.constant(operand, like.element)

    # Instructions

    def fresh(self, stem: str = "v") -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def emit(self, text: str, element: str) -> Value:
        name = f"%{self.fresh()}"
        self.lines.append(f"  {name} = {text}")
        return Value(self, name, element)

    def binary(self, op: str, a: Value, b: Operand) -> Value:
        other = self._value(b, a)
        prefix = "f" if a.element in LAYOUTS else ""
        return self.emit(f"{prefix}{op} {a.type} {a.name}, {other.name}", a.element)

    def compare(self, of_floats: str, of_integers: str, a: Value, b: Operand) -> Value:
        other = self._value(b, a)
        op = f"fcmp {of_floats}" if a.element in LAYOUTS else f"icmp {of_integers}"
        return self.emit(f"{op} {a.type} {a.name}, {other.name}", "i1")

    def select(self, condition: Value, yes: Operand, no: Operand) -> Value:
        """One of the two must be a Value; the other may be a number."""
        if isinstance(yes, Value):
            left, right = yes, self._value(no, yes)
        elif isinstance(no, Value):
            left, right = self._value(yes, no), no
        else:
            raise TypeError("Body.select: both arms are Python numbers; make one a constant()")
        return self.emit(
            f"select {condition.type} {condition.name}, "
            f"{left.type} {left.name}, {right.type} {right.name}",
            left.element,
        )

    def _cast(self, op: str, x: Value, element: str) -> Value:
        return self.emit(f"{op} {x.type} {x.name} to {self.type_of(element)}", element)

    def bits(self, x: Value) -> Value:
        return self._cast("bitcast", x, INTEGER_OF[x.element])

    def from_bits(self, x: Value) -> Value:
        return self._cast("bitcast", x, {"i32": "float", "i64": "double"}[x.element])

    def widen(self, x: Value) -> Value:
        return self._cast("fpext", x, "double")

    def narrow(self, x: Value) -> Value:
        return self._cast("fptrunc", x, "float")

    def shift_signed(self, x: Value, count: int) -> Value:
        """A shift to the right that copies the sign in."""
        by = self.constant(count, x.element)
        return self.emit(f"ashr {x.type} {x.name}, {by.name}", x.element)

    def number(self, x: Value) -> Value:
        """A 32-bit integer as a float."""
        return self._cast("sitofp", x, "float")

    def _intrinsic(self, name: str, *args: Value) -> Value:
        element = args[0].element
        suffix = SUFFIX[element] if self.lanes == 1 else f"v{self.lanes}{SUFFIX[element]}"
        actual = ", ".join(f"{arg.type} {arg.name}" for arg in args)
        return self.emit(f"call {args[0].type} @llvm.{name}.{suffix}({actual})", element)

    def fma(self, a: Value, b: Operand, c: Operand) -> Value:
        """a * b + c, rounded once."""
        return self._intrinsic("fma", a, self._value(b, a), self._value(c, a))

    def fabs(self, x: Value) -> Value:
        return self._intrinsic("fabs", x)

    def sqrt(self, x: Value) -> Value:
        return self._intrinsic("sqrt", x)

    def round(self, x: Value) -> Value:
        """To the nearest integer, halves to even; any size."""
        return self._intrinsic("roundeven", x)

    def copysign(self, size: Value, sign: Value) -> Value:
        return self._intrinsic("copysign", size, sign)

    def at_most(self, x: Value, bound: float) -> Value:
        """min(x, bound) that lets NaN through: the form that is one instruction on x86."""
        limit = self.constant(bound, x.element)
        return self.select(limit < x, limit, x)

    def at_least(self, x: Value, bound: float) -> Value:
        limit = self.constant(bound, x.element)
        return self.select(limit > x, limit, x)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """Lowest power first. Long ones are cut in two chains, so that they do not wait for
        themselves.
        """
        if len(coefficients) >= 8:
            square = x * x
            even = self.polynomial_chain(square, coefficients[0::2])
            odd = self.polynomial_chain(square, coefficients[1::2])
            return self.fma(odd, x, even)
        return self.polynomial_chain(x, coefficients)

    def polynomial_chain(self, x: Value, coefficients: Sequence[float]) -> Value:
        total = self.constant(coefficients[-1], x.element)
        for coefficient in reversed(coefficients[:-1]):
            total = self.fma(x, total, coefficient)
        return total

    # Control flow

    def any_lane(self, condition: Value) -> str:
        """The name of an i1 that is true where the condition holds in some lane."""
        if self.lanes == 1:
            return condition.name
        mask = self.fresh("mask")
        some = self.fresh("some")
        self.lines.append(f"  %{mask} = bitcast {condition.type} {condition.name} to i{self.lanes}")
        self.lines.append(f"  %{some} = icmp ne i{self.lanes} %{mask}, 0")
        return f"%{some}"

    def open_block(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def rarely(self, condition: Value, usual: Value, helper: str, *args: Value) -> Value:
        """``usual``, except in lanes where ``condition`` holds: those get ``helper(*args)``.

        The helper (a function of the same lanes and type as ``usual``) is called only if some
        lane wants it.
        """
        dtype = SUFFIX[usual.element]
        if (helper, dtype) not in self.needs:
            self.needs.append((helper, dtype))
        rare, done, before = self.fresh("rare"), self.fresh("done"), self.block
        some = self.any_lane(condition)
        self.lines.append(f"  br i1 {some}, label %{rare}, label %{done}")
        self.open_block(rare)
        actual = ", ".join(f"{arg.type} {arg.name}" for arg in args)
        slow = self.emit(
            f"call {usual.type} @{symbol_of(helper, dtype, self.lanes)}({actual})", usual.element
        )
        mixed = self.select(condition, slow, usual)
        self.lines.append(f"  br label %{done}")
        self.open_block(done)
        return self.emit(
            f"phi {usual.type} [ {usual.name}, %{before} ], [ {mixed.name}, %{rare} ]",
            usual.element,
        )


def symbol_of(name: str, dtype: str, lanes: int) -> str:
    """
    >>> symbol_of("exp", "f32", 8)
    'rl_exp_f32x8'
    """
    return f"rl_{name}_{dtype}x{lanes}"


def literal(number: float, element: str) -> str:
    """A number as LLVM writes it. A float constant is written as the double that it rounds to
    exactly.

    >>> literal(1.0, "float")
    '0x3FF0000000000000'
    >>> literal(-3, "i32")
    '-3'
    """
    if element not in LAYOUTS:
        width = int(element[1:])
        wrapped = int(number) & ((1 << width) - 1)
        return str(wrapped - (1 << width) if wrapped >> (width - 1) else wrapped)
    if element == "float" and abs(number) != float("inf"):
        number = struct.unpack("f", struct.pack("f", number))[0]
    return f"0x{struct.unpack('Q', struct.pack('d', number))[0]:016X}"
