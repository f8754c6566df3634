"""Reductions, running reductions and matrix products in NumPy.

Sums and products of floats are taken in float64 and rounded once: within rounding of any order
in which compiled code may add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.ir.interpret_rule import Array, Node, Rule, lowest, narrow, wide, widen_halves

_TOTALS: dict[str, Callable[..., Any]] = {"sum": np.sum, "prod": np.prod}
_PLACES: dict[str, Callable[..., Any]] = {"argmax": np.argmax, "argmin": np.argmin}
_SCANS: dict[str, np.ufunc] = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}


def _reduce(node: Node, x: Array) -> Array:
    kind, axes = node.attrs["kind"], node.attrs["axes"]
    dtype = node.src[0].dtype
    if kind in _TOTALS:
        x = wide(x, dtype)
        return narrow(_TOTALS[kind](x, axis=axes, dtype=x.dtype), node.dtype)
    x = widen_halves(x, dtype)
    if kind == "any":
        return np.asarray(np.any(x != 0, axis=axes))
    if kind == "all":
        return np.asarray(np.all(x != 0, axis=axes))
    if kind in _PLACES:
        # NumPy's argmax and argmin stop at the first nan.
        return np.asarray(_PLACES[kind](x, axis=axes[0]), dtype=np.int64)
    if kind == "max":
        return narrow(np.max(x, axis=axes, initial=lowest(dtype, -1)), node.dtype)
    if kind == "fmax":
        return narrow(np.fmax.reduce(x, axis=axes, initial=lowest(dtype, -1)), node.dtype)
    if kind == "min":
        return narrow(np.min(x, axis=axes, initial=lowest(dtype, 1)), node.dtype)
    raise NotImplementedError(f"ir.interpret: reduce of kind {kind!r}")


def _scan(node: Node, x: Array) -> Array:
    kind = node.attrs["kind"]
    if kind in _PLACES:
        return _running_places(kind, widen_halves(x, node.src[0].dtype), node.attrs["axis"])
    if not x.ndim:
        return x
    widen = wide if kind in ("sum", "prod") else widen_halves
    x = widen(x, node.dtype)
    return narrow(_SCANS[kind].accumulate(x, axis=node.attrs["axis"], dtype=x.dtype), node.dtype)


def _running_places(kind: str, x: Array, axis: int) -> Array:
    """The last place so far where the extremum was met; of a nan, the last nan."""
    if not x.ndim:
        return np.zeros((), np.int64)
    extremum = _SCANS[kind.removeprefix("arg")].accumulate(x, axis=axis)
    places = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - 1 - axis))
    met = np.where((x == extremum) | (x != x), places, 0)
    return np.maximum.accumulate(met, axis=axis)


def _dot(node: Node, a: Array, b: Array) -> Array:
    return narrow(np.matmul(wide(a, node.dtype), wide(b, node.dtype)), node.dtype)


REDUCE_RULES: dict[str, Rule] = {"reduce": _reduce, "scan": _scan, "dot": _dot}
