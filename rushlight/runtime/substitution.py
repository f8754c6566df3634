"""Small triangular systems, many of them: substitution as native code, one matrix after another."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from rushlight.runtime.native import address_of, native

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS = {"float32": "float", "float64": "double"}
_TEXT = """
define void @{symbol}(ptr %a, ptr %x, i64 %count, i64 %n, i64 %m, i64 %upper, i64 %unit) {{
entry:
  %size = mul i64 %n, %n
  %width = mul i64 %n, %m
  %back = icmp ne i64 %upper, 0
  %ones = icmp ne i64 %unit, 0
  %last = sub i64 %n, 1
  br label %matrix
matrix:
  %b = phi i64 [ 0, %entry ], [ %b.next, %matrix.done ]
  %a.from = mul i64 %b, %size
  %x.from = mul i64 %b, %width
  %aa = getelementptr {kind}, ptr %a, i64 %a.from
  %xx = getelementptr {kind}, ptr %x, i64 %x.from
  br label %row
row:
  ; rows that are known, in the order in which they became so, are taken from row %k
  %k = phi i64 [ 0, %matrix ], [ %k.next, %row.done ]
  %k.turned = sub i64 %last, %k
  %i = select i1 %back, i64 %k.turned, i64 %k
  %i.a = mul i64 %i, %n
  %i.x = mul i64 %i, %m
  %ai = getelementptr {kind}, ptr %aa, i64 %i.a
  %xi = getelementptr {kind}, ptr %xx, i64 %i.x
  %first = icmp eq i64 %k, 0
  br i1 %first, label %divide, label %known
known:
  %l = phi i64 [ 0, %row ], [ %l.next, %known.done ]
  %l.turned = sub i64 %last, %l
  %j = select i1 %back, i64 %l.turned, i64 %l
  %aij.at = getelementptr {kind}, ptr %ai, i64 %j
  %aij = load {kind}, ptr %aij.at
  %j.x = mul i64 %j, %m
  %xj = getelementptr {kind}, ptr %xx, i64 %j.x
  br label %less
less:
  %c = phi i64 [ 0, %known ], [ %c.next, %less ]
  %from.at = getelementptr {kind}, ptr %xj, i64 %c
  %to.at = getelementptr {kind}, ptr %xi, i64 %c
  %from = load {kind}, ptr %from.at
  %to = load {kind}, ptr %to.at
  %product = fmul {kind} %aij, %from
  %rest = fsub {kind} %to, %product
  store {kind} %rest, ptr %to.at
  %c.next = add i64 %c, 1
  %c.more = icmp ult i64 %c.next, %m
  br i1 %c.more, label %less, label %known.done
known.done:
  %l.next = add i64 %l, 1
  %l.more = icmp ult i64 %l.next, %k
  br i1 %l.more, label %known, label %divide
divide:
  br i1 %ones, label %row.done, label %diagonal
diagonal:
  %aii.at = getelementptr {kind}, ptr %ai, i64 %i
  %aii = load {kind}, ptr %aii.at
  br label %share
share:
  %d = phi i64 [ 0, %diagonal ], [ %d.next, %share ]
  %part.at = getelementptr {kind}, ptr %xi, i64 %d
  %part = load {kind}, ptr %part.at
  %made = fdiv {kind} %part, %aii
  store {kind} %made, ptr %part.at
  %d.next = add i64 %d, 1
  %d.more = icmp ult i64 %d.next, %m
  br i1 %d.more, label %share, label %row.done
row.done:
  %k.next = add i64 %k, 1
  %k.more = icmp ult i64 %k.next, %n
  br i1 %k.more, label %row, label %matrix.done
matrix.done:
  %b.next = add i64 %b, 1
  %b.more = icmp ult i64 %b.next, %count
  br i1 %b.more, label %matrix, label %done
done:
  ret void
}}
"""


@functools.cache
def _kernel(dtype: str) -> tuple[str, str]:
    symbol = f"rushlight_substitution_{dtype}"
    return symbol, _TEXT.format(symbol=symbol, kind=_KINDS[dtype])


def substitute(a: NDArray[np.floating], x: NDArray[np.floating], upper: bool, unit: bool) -> bool:
    """X with a X = x in the place of ``x``; False where their dtype is no float of 32 or 64 bits:
    nothing is done. A 0 on the diagonal makes infinities.

    a (B, N, N) triangular, its diagonal 1 where ``unit``, x (B, N, M), both without gaps.

    >>> x = np.array([[[2.0], [7.0]]])
    >>> substitute(np.array([[[2.0, 0.0], [3.0, 4.0]]]), x, False, False), x.ravel().tolist()
    (True, [1.0, 1.0])
    """
    if a.dtype != x.dtype or a.dtype.name not in _KINDS:
        return False
    if x.size:
        solve = native(*_kernel(a.dtype.name))
        solve(a.ctypes.data, address_of(x), *x.shape, int(upper), int(unit))
    return True
