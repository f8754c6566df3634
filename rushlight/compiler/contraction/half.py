"""f16 by whole numbers, for CPUs that have no instruction for it (LLVM would call a library that is
not there). Vectors or scalars of f32 on one side, of i16 on the other."""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body

# Bits of f32: the infinity, the exponents' distance to f16's (127 - 15), 2**-14 and 0.5.
_INFINITY = 0x7F800000
_DISTANCE = 112 << 23
_SMALLEST = 113 << 23
_HALF = 126 << 23


class Half(Record):
    """Conversions of ``lanes`` numbers."""

    body: Body
    lanes: int

    def widen(self, value: str) -> str:
        """i16 bits of f16 as f32."""
        wide = self.body.op(f"zext {self._kind('i16')} {value} to {self._kind('i32')}")
        sign = self._whole("shl", self._whole("and", wide, 0x8000), 16)
        bits = self._whole("shl", self._whole("and", wide, 0x7FFF), 13)
        moved = self._whole("add", bits, _DISTANCE)
        # Infinity and nan: the exponent goes all the way up.
        special = self._is("uge", bits, 0x7C00 << 13)
        # Zero and subnormals: one exponent up, then the one that was implied is taken away.
        up = self._bits("float", self._whole("add", moved, 1 << 23))
        one = self._bits("float", self._same("i32", _SMALLEST))
        small = self._bits("i32", self.body.op(f"fsub {self._kind('float')} {up}, {one}"))
        found = self._choose(self._is("ult", bits, 1 << 23), small, moved)
        found = self._choose(special, self._whole("add", moved, _DISTANCE), found)
        return self._bits("float", self._or(found, sign))

    def narrow(self, value: str) -> str:
        """f32 rounded to the nearest f16, ties to even, as i16 bits."""
        bits = self._bits("i32", value)
        sign = self._whole("and", bits, 0x80000000)
        size = self._whole("and", bits, 0x7FFFFFFF)
        # Too large for f16 is infinity; nan keeps being one.
        nan = self._is("ugt", size, _INFINITY)
        special = self._choose(nan, self._same("i32", 0x7E00), self._same("i32", 0x7C00))
        # Below 2**-14 the addition of 0.5 lets the adder do the rounding.
        half = self._bits("float", self._same("i32", _HALF))
        sum_ = self.body.op(f"fadd {self._kind('float')} {self._bits('float', size)}, {half}")
        small = self._whole("sub", self._bits("i32", sum_), _HALF)
        odd = self._whole("and", self._whole("lshr", size, 13), 1)
        near = self._whole("add", size, (0xFFF - _DISTANCE) & 0xFFFFFFFF)
        usual = self.body.op(f"add {self._kind('i32')} {near}, {odd}")
        usual = self._whole("lshr", usual, 13)
        found = self._choose(self._is("ult", size, _SMALLEST), small, usual)
        found = self._choose(self._is("uge", size, 143 << 23), special, found)
        found = self._or(found, self._whole("lshr", sign, 16))
        return self.body.op(f"trunc {self._kind('i32')} {found} to {self._kind('i16')}")

    def _kind(self, element: str) -> str:
        return element if self.lanes == 1 else f"<{self.lanes} x {element}>"

    def _same(self, element: str, number: int) -> str:
        if self.lanes == 1:
            return str(number)
        return "<" + ", ".join([f"{element} {number}"] * self.lanes) + ">"

    def _whole(self, operation: str, value: str, number: int) -> str:
        return self.body.op(f"{operation} {self._kind('i32')} {value}, {self._same('i32', number)}")

    def _or(self, left: str, right: str) -> str:
        return self.body.op(f"or {self._kind('i32')} {left}, {right}")

    def _is(self, relation: str, value: str, number: int) -> str:
        return self.body.op(
            f"icmp {relation} {self._kind('i32')} {value}, {self._same('i32', number)}"
        )

    def _choose(self, condition: str, left: str, right: str) -> str:
        kind = self._kind("i32")
        return self.body.op(f"select {self._kind('i1')} {condition}, {kind} {left}, {kind} {right}")

    def _bits(self, element: str, value: str) -> str:
        source = "i32" if element == "float" else "float"
        return self.body.op(f"bitcast {self._kind(source)} {value} to {self._kind(element)}")
