"""Writing LLVM text: blocks, counted loops, vectors, conversions between memory and registers.

In registers float16 and bfloat16 are float, bool is i1; in memory they are half, i16 and i8.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from rushlight.base.dtype import BOOL
from rushlight.base.dtype import dtype as DType
from rushlight.compiler import math as vector_math
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.half import Half
from rushlight.runtime import cpu

REGISTER = {
    "float64": "double", "float32": "float", "float16": "float", "bfloat16": "float",
    "int64": "i64", "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "i8", "bool": "i1",
}  # fmt: skip
MEMORY = {**REGISTER, "float16": "half", "bfloat16": "i16", "bool": "i8"}
# Short names of register types in the names of overloaded intrinsics.
_SUFFIX = {"double": "f64", "float": "f32", "half": "f16", "ptr": "p0"}


def literal(value: float | int | bool, element: str) -> str:
    """A constant of a register type.

    >>> literal(0.1, "float"), literal(-1, "i64"), literal(True, "i1")
    ('0x3FB99999A0000000', '-1', 'true')
    """
    if element == "i1":
        return "true" if value else "false"
    if element[0] == "i":
        return str(int(value))
    if element == "float":
        value = as_float32(float(value))
    return "0x" + struct.pack(">d", float(value)).hex().upper()


def as_float32(value: float) -> float:
    if math.isnan(value) or math.isinf(value):
        return value
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def as_bfloat16(value: float) -> float:
    """The nearest number of bfloat16, of a finite one."""
    (bits,) = struct.unpack("<I", struct.pack("<f", as_float32(value)))
    bits += 0x7FFF + (bits >> 16 & 1)
    return float(struct.unpack("<f", struct.pack("<I", bits & 0xFFFF0000))[0])


@final
class Writer:
    """Grows the body of one function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self.math: set[tuple[str, str, int]] = set()
        self.block = "entry"
        self.count = 0
        self.fails = False
        self.streams = False
        # Conversions of halves by whole numbers, for CPUs that have no others; the same lines.
        self.half = Body()
        self.half.lines = self.lines
        self.has_half = cpu.host().isa != "portable"
        self.mask: tuple[str, int] | None = None  # which lanes of a tail are there, how many

    def name(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def let(self, expression: str) -> str:
        """Give ``expression`` a name."""
        self.count += 1
        name = f"%t{self.count}"
        self.lines.append(f"  {name} = {expression}")
        return name

    def do(self, statement: str) -> None:
        self.lines.append("  " + statement)

    def variable(self, kind: str, start: str) -> str:
        """A place on the stack (LLVM turns it into a register), holding ``start`` from here on."""
        self.count += 1
        name = f"%a{self.count}"
        self.allocas.append(f"  {name} = alloca {kind}")
        self.do(f"store {kind} {start}, ptr {name}")
        return name

    def start_block(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    @contextmanager
    def loop(self, low: str, high: str, step: int | str = 1) -> Iterator[str]:
        """for index in range(low, high, step)"""
        self.count += 1
        tag = self.count
        index = f"%i{tag}"
        self.do(f"br label %head{tag}")
        before = self.block
        self.start_block(f"head{tag}")
        self.do(f"{index} = phi i64 [ {low}, %{before} ], [ %next{tag}, %latch{tag} ]")
        self.do(f"%more{tag} = icmp slt i64 {index}, {high}")
        self.do(f"br i1 %more{tag}, label %body{tag}, label %done{tag}")
        self.start_block(f"body{tag}")
        yield index
        self.do(f"br label %latch{tag}")
        self.start_block(f"latch{tag}")
        self.do(f"%next{tag} = add nsw i64 {index}, {step}")
        self.do(f"br label %head{tag}")
        self.start_block(f"done{tag}")

    # Vectors

    def kind(self, element: str, lanes: int) -> str:
        return element if lanes == 1 else f"<{lanes} x {element}>"

    def splat(self, name: str, element: str, lanes: int) -> str:
        if lanes == 1:
            return name
        if name[0] != "%":
            return f"splat ({element} {name})"
        kind = self.kind(element, lanes)
        one = self.let(f"insertelement {kind} poison, {element} {name}, i64 0")
        return self.let(
            f"shufflevector {kind} {one}, {kind} poison, <{lanes} x i32> zeroinitializer"
        )

    def overload(self, element: str, lanes: int) -> str:
        short = _SUFFIX.get(element, element)
        return short if lanes == 1 else f"v{lanes}{short}"

    def lane_numbers(self, lanes: int, element: str = "i64") -> str:
        return "<" + ", ".join(f"{element} {lane}" for lane in range(lanes)) + ">"

    def call_math(self, name: str, element: str, lanes: int, args: list[str]) -> str:
        short = {"float": "f32", "double": "f64"}[element]
        self.math.add((name, short, lanes))
        symbol = vector_math.function(name, short, lanes).symbol
        kind = self.kind(element, lanes)
        listed = ", ".join(f"{kind} {arg}" for arg in args)
        return self.let(f"call {kind} @{symbol}({listed})")

    # Memory

    def store_past_caches(self, kind: str, value: str, pointer: str, align: int) -> None:
        self.streams = True
        self.do(f"store {kind} {value}, ptr {pointer}, align {align}, !nontemporal !0")

    def wait_for_streams(self) -> None:
        """Other threads see what was stored past the caches before what is stored after this."""
        self.do("call void @llvm.x86.sse.sfence()")

    def from_memory(self, value: str, dtype: DType, lanes: int) -> str:
        """A loaded value as it is in registers."""
        name = dtype.name
        if dtype.category == BOOL:
            kind = self.kind("i8", lanes)
            return self.let(f"icmp ne {kind} {value}, {self.splat('0', 'i8', lanes)}")
        if name == "float16" and not self.has_half:
            bits = self.let(
                f"bitcast {self.kind('half', lanes)} {value} to {self.kind('i16', lanes)}"
            )
            return Half(self.half, lanes).widen(bits)
        if name == "float16":
            return self.let(
                f"fpext {self.kind('half', lanes)} {value} to {self.kind('float', lanes)}"
            )
        if name == "bfloat16":
            wide = self.kind("i32", lanes)
            bits = self.let(f"zext {self.kind('i16', lanes)} {value} to {wide}")
            high = self.let(f"shl {wide} {bits}, {self.splat('16', 'i32', lanes)}")
            return self.let(f"bitcast {wide} {high} to {self.kind('float', lanes)}")
        return value

    def to_memory(self, value: str, dtype: DType, lanes: int, rounded: bool = False) -> str:
        """A register value as it is stored; rounds to float16 and to bfloat16, unless it has been
        ``rounded``.
        """
        name = dtype.name
        if dtype.category == BOOL:
            return self.let(f"zext {self.kind('i1', lanes)} {value} to {self.kind('i8', lanes)}")
        if name == "float16" and not self.has_half:
            return self.half_by_bits(value, lanes)
        if name == "float16":
            return self.let(
                f"fptrunc {self.kind('float', lanes)} {value} to {self.kind('half', lanes)}"
            )
        if name == "bfloat16":
            return self.upper_bits(value, lanes) if rounded else self.bfloat16_bits(value, lanes)
        return value

    def upper_bits(self, value: str, lanes: int) -> str:
        """What bfloat16 has of a float."""
        wide = self.kind("i32", lanes)
        bits = self.let(f"bitcast {self.kind('float', lanes)} {value} to {wide}")
        high = self.let(f"lshr {wide} {bits}, {self.splat('16', 'i32', lanes)}")
        return self.let(f"trunc {wide} {high} to {self.kind('i16', lanes)}")

    def half_by_bits(self, value: str, lanes: int) -> str:
        """A float rounded to half without a floating-point instruction."""
        bits = Half(self.half, lanes).narrow(value)
        return self.let(f"bitcast {self.kind('i16', lanes)} {bits} to {self.kind('half', lanes)}")

    def bfloat16_bits(self, value: str, lanes: int) -> str:
        """To nearest, ties to even, by whole numbers: without AVX512-BF16 LLVM calls a library."""
        kind, wide = self.kind("float", lanes), self.kind("i32", lanes)
        bits = self.let(f"bitcast {kind} {value} to {wide}")
        high = self.let(f"lshr {wide} {bits}, {self.splat('16', 'i32', lanes)}")
        rounded = self._rounded_up(bits, lanes)
        moved = self.let(f"lshr {wide} {rounded}, {self.splat('16', 'i32', lanes)}")
        is_nan = self.let(f"fcmp uno {kind} {value}, {value}")
        # nan keeps its sign and becomes quiet: adding could carry it into infinity
        quiet = self.let(f"or {wide} {high}, {self.splat('64', 'i32', lanes)}")
        flags = self.kind("i1", lanes)
        picked = self.let(f"select {flags} {is_nan}, {wide} {quiet}, {wide} {moved}")
        return self.let(f"trunc {wide} {picked} to {self.kind('i16', lanes)}")

    def _rounded_up(self, bits: str, lanes: int) -> str:
        """Bits of floats with half a unit of bfloat16's last place added, a bit less if even."""
        wide = self.kind("i32", lanes)
        high = self.let(f"lshr {wide} {bits}, {self.splat('16', 'i32', lanes)}")
        odd = self.let(f"and {wide} {high}, {self.splat('1', 'i32', lanes)}")
        half = self.let(f"add {wide} {odd}, {self.splat('32767', 'i32', lanes)}")
        return self.let(f"add {wide} {bits}, {half}")

    def rounded(self, value: str, dtype: DType, lanes: int, plain: bool = False) -> str:
        """A float register value rounded to float16 or bfloat16 and widened again.

        ``plain``: as a nan, its lower half is nothing, so that rounding leaves it one.
        """
        if dtype.name not in ("float16", "bfloat16"):
            return value
        if plain and dtype.name == "bfloat16":
            kind, wide = self.kind("float", lanes), self.kind("i32", lanes)
            bits = self._rounded_up(self.let(f"bitcast {kind} {value} to {wide}"), lanes)
            upper = self.let(f"and {wide} {bits}, {self.splat('-65536', 'i32', lanes)}")
            return self.let(f"bitcast {wide} {upper} to {kind}")
        return self.from_memory(self.to_memory(value, dtype, lanes), dtype, lanes)

    # Errors at run time

    def fail_where(self, flags: str, lanes: int) -> None:
        """Make the kernel return code 2 (division by zero) if any lane that is there is flagged."""
        self.fails = True
        if self.mask is not None and self.mask[1] == lanes:
            flags = self.let(f"and {self.kind('i1', lanes)} {flags}, {self.mask[0]}")
        if lanes > 1:
            flags = self.let(f"call i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1> {flags})")
        before = self.let("load i64, ptr %error")
        after = self.let(f"select i1 {flags}, i64 2, i64 {before}")
        self.do(f"store i64 {after}, ptr %error")
