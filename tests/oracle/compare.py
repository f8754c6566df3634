"""Whether two logs of a program tell the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.oracle.execute import Log, Seen

# Relative to the largest number of the tensor: a handful of roundings, never a wrong element.
_TOLERANCE = {"float64": 1e-9, "float32": 2e-4, "float16": 3e-2, "bfloat16": 2e-1}


def numbers(a: Any, b: Any, coarsest: str, exact: bool, scale: float) -> bool:
    """Whether two arrays of one shape hold the same numbers."""
    if exact or a.dtype.kind in "biu":
        return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    a, b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        close = np.abs(a - b) <= _TOLERANCE[coarsest] * scale
    return bool(np.all(same | (finite & close)))


def _scale(*logs: Log) -> float:
    """The largest finite number anywhere: what rounding errors are measured by."""
    largest = 1.0
    for log in logs:
        for entry in log.end.values():
            for seen in entry if isinstance(entry, tuple) else (entry,):
                if isinstance(seen, Seen) and seen.values.dtype.kind == "f" and seen.values.size:
                    values = np.abs(seen.values[np.isfinite(seen.values)].astype(np.float64))
                    largest = max(largest, float(values.max(initial=0.0)))
    return min(largest, 1e4)


def _seen(a: Seen, b: Seen, coarsest: str, exact: bool, scale: float) -> str:
    for what in ("shape", "dtype", "wants_grad", "leaf"):
        if getattr(a, what) != getattr(b, what):
            return f"{what}: {getattr(a, what)} against {getattr(b, what)}"
    if not numbers(a.values, b.values, coarsest, exact, scale):
        kind = "exactly " if exact else ""
        return f"values ({kind}{a.dtype}):\n{a.values!r}\nagainst\n{b.values!r}"
    # Gradients that are one number everywhere are expanded there, and in memory of their own here.
    if a.strides != b.strides and 0 not in (*a.strides, *b.strides):
        return f"strides: {a.strides} against {b.strides}"
    return ""


def difference(a: Log, b: Log, coarsest: str, exact: frozenset[str]) -> str:
    """The first difference in words; empty where there is none."""
    scale = _scale(a, b)
    for place, (x, y) in enumerate(zip(a.steps, b.steps, strict=True)):
        if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
            if x.shape != y.shape or not numbers(x, y, coarsest, False, scale):
                return f"step {place} showed {x!r} against {y!r}"
        elif isinstance(x, np.ndarray) or isinstance(y, np.ndarray) or x != y:
            return f"step {place}: {x!r} against {y!r} ({a.messages[place]} | {b.messages[place]})"
    for name in sorted(a.end.keys() | b.end.keys()):
        x, y = a.end.get(name), b.end.get(name)
        found = _entries(x, y, coarsest, name in exact, scale)
        if found:
            return f"{name}: {found}"
    return ""


def _entries(x: Any, y: Any, coarsest: str, exact: bool, scale: float) -> str:
    if isinstance(x, Seen) and isinstance(y, Seen):
        return _seen(x, y, coarsest, exact, scale)
    if isinstance(x, tuple) and isinstance(y, tuple):
        found = _seen(x[0], y[0], coarsest, exact, scale)
        if found:
            return found
        if (x[1] is None) != (y[1] is None):
            return f".grad: {x[1]} against {y[1]}"
        if x[1] is not None:
            # Whether the gradient of a constant slope hangs on the graph differs.
            found = _seen(x[1], replace(y[1], wants_grad=x[1].wants_grad, leaf=x[1].leaf,
                                          strides=x[1].strides),
                          coarsest, False, scale)  # fmt: skip
            return f".grad: {found}" if found else ""
        return ""
    return "" if x == y else f"{x!r} against {y!r}"
