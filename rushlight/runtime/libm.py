"""The C library's logarithms, sines and the like of many numbers of 64 bits.

PyTorch draws normal, exponential and Cauchy numbers through them. NumPy's own are vectors of the
processor's width where it has such, and differ in the last place: on AVX-512 ``log1p`` of one
number of 13, which made as many of ``exponential_`` in float64 differ from PyTorch's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
_NAMES = ("cos", "exp", "log", "log1p", "sin", "tan")


def _text(symbol: str, body: str, *names: str) -> str:
    declares = "".join(f"declare double @{name}(double)\n" for name in names)
    return _LOOP.format(symbol=symbol, body=body) + declares


_EACH_SYMBOLS = {name: f"rushlight_libm_{name}" for name in _NAMES}
_EACH_TEXTS = {
    name: _text(symbol, _EACH.format(name=name), name) for name, symbol in _EACH_SYMBOLS.items()
}


def of_each(name: str, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """A function of the C library of every number. (*) -> (*).

    >>> of_each("log1p", np.array([0.0, -0.5])).round(4).tolist()
    [0.0, -0.6931]
    """
    numbers = np.ascontiguousarray(numbers)
    results = np.empty(numbers.shape)
    if numbers.size:
        each = native(_EACH_SYMBOLS[name], _EACH_TEXTS[name])
        each(address_of(numbers), numbers.size, address_of(results))
    return results
