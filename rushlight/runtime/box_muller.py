"""Normals from uniforms (Box and Muller, 1958), to the bit as PyTorch's vectorised CPU filler.

PyTorch takes blocks of 16 uniforms: u1 from the first eight, u2 from the others, and writes
``r cos(t)`` over the first and ``r sin(t)`` over the second half, with r = sqrt(-2 log(1 - u1))
and t = 2 pi u2. Below float64 it computes log, sin and cos by the polynomials of Moshier's Cephes
library with fused multiply-adds, and the last bit depends on where those are, so the same steps
are taken here, eight pairs at a time in one native call.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from rushlight.runtime.native import native

F32 = np.ndarray[Any, np.dtype[np.float32]]

BLOCK = 16
HALF = BLOCK // 2

_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
# log(2) and pi / 4 in parts that multiply small whole numbers without rounding
_LOG2_LOW, _LOG2_HIGH = -2.12194440e-4, 0.693359375
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
_FOUR_OVER_PI = 1.27323954473516
_SIN = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COS = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)

SYMBOL = "rushlight_normals"
_FLOATS, _WHOLES = f"<{HALF} x float>", f"<{HALF} x i32>"
_START = f"""
define void @{SYMBOL}(ptr %values, i64 %count, double %mean, double %std) {{
entry:
  %mean32 = fptrunc double %mean to float
  %mean0 = insertelement {_FLOATS} poison, float %mean32, i32 0
  %means = shufflevector {_FLOATS} %mean0, {_FLOATS} poison, <{HALF} x i32> zeroinitializer
  %std32 = fptrunc double %std to float
  %std0 = insertelement {_FLOATS} poison, float %std32, i32 0
  %stds = shufflevector {_FLOATS} %std0, {_FLOATS} poison, <{HALF} x i32> zeroinitializer
  %end = getelementptr float, ptr %values, i64 %count
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %here = phi ptr [ %values, %entry ], [ %next, %loop ]
  %there = getelementptr float, ptr %here, i64 {HALF}
  %next = getelementptr float, ptr %here, i64 {BLOCK}
  %first = load {_FLOATS}, ptr %here, align 4
  %second = load {_FLOATS}, ptr %there, align 4
"""
_END = """
  %over = icmp eq ptr %next, %end
  br i1 %over, label %done, label %loop
done:
  ret void
}
"""


class _Steps:
    """Instructions for eight lanes, one a line. Python numbers are the same in all lanes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def let(self, expression: str) -> str:
        self.lines.append(f"  %v{len(self.lines)} = {expression}")
        return f"%v{len(self.lines) - 1}"

    def _float(self, x: str | float) -> str:
        if isinstance(x, str):
            return x
        (bits,) = struct.unpack("<Q", struct.pack("<d", np.float32(x)))
        return f"splat (float 0x{bits:016X})"

    def floats(self, op: str, a: str | float, b: str | float) -> str:
        return self.let(f"f{op} {_FLOATS} {self._float(a)}, {self._float(b)}")

    def fma(self, a: str, b: str | float, c: str | float) -> str:
        """a * b + c, rounded once."""
        given = ", ".join(f"{_FLOATS} {self._float(x)}" for x in (a, b, c))
        return self.let(f"call {_FLOATS} @llvm.fma.v{HALF}f32({given})")

    def wholes(self, op: str, a: str, b: int) -> str:
        return self.let(f"{op} {_WHOLES} {a}, splat (i32 {b})")

    def as_wholes(self, x: str, op: str = "bitcast") -> str:
        return self.let(f"{op} {_FLOATS} {x} to {_WHOLES}")

    def as_floats(self, x: str, op: str = "bitcast") -> str:
        return self.let(f"{op} {_WHOLES} {x} to {_FLOATS}")

    def polynomial(self, coefficients: tuple[float, ...], x: str) -> str:
        """Highest power first."""
        total: str | float = coefficients[0]
        for coefficient in coefficients[1:]:
            total = self.fma(x, total, coefficient)
        return str(total)

    def log(self, u: str) -> str:
        """Natural logarithm of values in (0, 1]."""
        # u = m * 2**e with m in [sqrt(1/2), sqrt(2))
        (half,) = struct.unpack("<i", struct.pack("<f", 0.5**0.5))
        bits = self.wholes("sub", self.as_wholes(u), half)
        e = self.as_floats(self.wholes("ashr", bits, 23), "sitofp")
        mantissa = self.wholes("add", self.wholes("and", bits, 0x7F_FFFF), half)
        x = self.floats("sub", self.as_floats(mantissa), 1.0)
        z = self.floats("mul", x, x)
        y = self.floats("mul", self.polynomial(_LOG, x), x)
        y = self.fma(y, z, self.floats("mul", e, _LOG2_LOW))
        y = self.fma(z, -0.5, y)
        return self.fma(e, _LOG2_HIGH, self.floats("add", y, x))

    def sincos(self, angle: str) -> tuple[str, str]:
        """Sine and cosine of angles in [0, 2 pi]."""
        octant = self.as_wholes(self.floats("mul", angle, _FOUR_OVER_PI), "fptosi")
        octant = self.wholes("and", self.wholes("add", octant, 1), -2)
        turns = self.as_floats(octant, "sitofp")
        x = angle
        for part in _QUARTER_PI:
            x = self.fma(turns, -part, x)
        z = self.floats("mul", x, x)
        c = self.floats("mul", self.polynomial(_COS, z), z)
        c = self.fma(c, z, self.floats("mul", z, -0.5))
        c = self.floats("add", c, 1.0)
        s = self.floats("mul", self.polynomial(_SIN, z), z)
        s = self.fma(s, x, x)
        swap = self.let(f"icmp ne {_WHOLES} {self.wholes('and', octant, 2)}, zeroinitializer")
        pairs = []
        # octants 4 to 7 have a negative sine, 2 to 5 a negative cosine: that bit becomes the sign
        for yes, no, shift in ((c, s, 0), (s, c, 2)):
            size = self.let(f"select <{HALF} x i1> {swap}, {_FLOATS} {yes}, {_FLOATS} {no}")
            negative = self.wholes("and", self.wholes("add", octant, shift), 4)
            sign = self.wholes("shl", negative, 29)
            bits = self.let(f"xor {_WHOLES} {self.as_wholes(size)}, {sign}")
            pairs.append(self.as_floats(bits))
        return pairs[0], pairs[1]


def _text() -> str:
    steps = _Steps()
    r = steps.floats("mul", steps.log(steps.floats("sub", 1.0, "%first")), -2.0)
    r = steps.let(f"call {_FLOATS} @llvm.sqrt.v{HALF}f32({_FLOATS} {r})")
    sine, cosine = steps.sincos(steps.floats("mul", "%second", 2 * np.pi))
    for number, place in ((cosine, "%here"), (sine, "%there")):
        # also where they are 0 and 1, which makes 0 of -0
        result = steps.fma(steps.floats("mul", number, r), "%stds", "%means")
        steps.lines.append(f"  store {_FLOATS} {result}, ptr {place}, align 4")
    return _START + "\n".join(steps.lines) + _END


TEXT = _text()


def normals32(uniforms: F32, mean: float, std: float) -> F32:
    """Normals from uniforms (16 k,) in [0, 1), written over them and returned."""
    native(SYMBOL, TEXT)(uniforms.ctypes.data, uniforms.size, mean, std)
    return uniforms
