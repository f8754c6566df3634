"""The C library's logarithms, sines and the like of many numbers of 64 bits.

PyTorch draws normal, exponential and Cauchy numbers through them. NumPy's own are vectors of the
processor's width where it has such, and differ in the last place: on AVX-512 ``log1p`` of one
number of 13, which made as many of ``exponential_`` in float64 differ from PyTorch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rushlight.runtime.native import address_of, native

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOOP = """
define void @{symbol}(ptr %numbers, i64 %count, ptr %results) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %after, %loop ]
{body}
  %after = add i64 %i, 1
  %more = icmp ult i64 %after, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
_EACH = """\
  %at = getelementptr double, ptr %numbers, i64 %i
  %to = getelementptr double, ptr %results, i64 %i
  %x = load double, ptr %at
  %y = call double @{name}(double %x)
  store double %y, ptr %to"""
_PAIRS = """\
  %twice = shl i64 %i, 1
  %at = getelementptr double, ptr %numbers, i64 %twice
  %at.next = getelementptr double, ptr %at, i64 1
  %first = load double, ptr %at
  %second = load double, ptr %at.next
  %less = fneg double %second
  %log = call double @log1p(double %less)
  %square = fmul double %log, -2.0
  %r = call double @llvm.sqrt.f64(double %square)
  %angle = fmul double %first, 0x401921FB54442D18
  %cos = call double @cos(double %angle)
  %sin = call double @sin(double %angle)
  %a = fmul double %r, %cos
  %b = fmul double %r, %sin
  %to = getelementptr double, ptr %results, i64 %twice
  %to.next = getelementptr double, ptr %to, i64 1
  store double %a, ptr %to
  store double %b, ptr %to.next"""
_NAMES = ("cos", "exp", "log", "log1p", "sin", "tan")


def _text(symbol: str, body: str, *names: str) -> str:
    declares = "".join(f"declare double @{name}(double)\n" for name in names)
    return _LOOP.format(symbol=symbol, body=body) + declares


_PAIRS_SYMBOL = "rushlight_normal_pairs"
_PAIRS_TEXT = _text(_PAIRS_SYMBOL, _PAIRS, "cos", "log1p", "sin", "llvm.sqrt.f64")
_EACH_SYMBOLS = {name: f"rushlight_libm_{name}" for name in _NAMES}
_EACH_TEXTS = {
    name: _text(symbol, _EACH.format(name=name), name) for name, symbol in _EACH_SYMBOLS.items()
}


def _made(symbol: str, text: str, numbers: NDArray[Any], count: int) -> NDArray[np.float64]:
    results = np.empty(numbers.shape)
    if count:
        native(symbol, text)(address_of(numbers), count, address_of(results))
    return results


def of_each(name: str, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """A function of the C library of every number. (*) -> (*).

    >>> of_each("log1p", np.array([0.0, -0.5])).round(4).tolist()
    [0.0, -0.6931]
    """
    numbers = np.ascontiguousarray(numbers)
    return _made(_EACH_SYMBOLS[name], _EACH_TEXTS[name], numbers, numbers.size)


def normal_pairs(uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normal numbers from an even number of uniform ones, as PyTorch makes them one at a time: the
    cosine, then the sine of each pair. (2 k) -> (2 k)."""
    return _made(_PAIRS_SYMBOL, _PAIRS_TEXT, uniforms, len(uniforms) // 2)
