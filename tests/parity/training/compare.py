"""What differs between what Rushlight and PyTorch showed."""

from __future__ import annotations

from typing import Any

import numpy as np

# Relative to the largest value, by dtype; halves are rounded at other places by the two.
ROOM = {
    "torch.float64": 1e-9, "torch.complex128": 1e-9, "torch.float32": 1e-5,
    "torch.complex64": 1e-5, "torch.float16": 8e-3, "torch.bfloat16": 4e-2,
}  # fmt: skip


def differences(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """One line for each thing that differs."""
    if "error" in theirs or "error" in mine:
        return _errors(mine, theirs)
    found = []
    for key in [*theirs, *(key for key in mine if key not in theirs)]:
        if key not in mine or key not in theirs:
            found.append(f"{key}: only {'ours' if key in mine else 'theirs'}")
        elif line := _value(mine[key], theirs[key]):
            found.append(f"{key}: {line}")
    return found


def _errors(mine: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    if "error" not in mine:
        return [f"no error; theirs {theirs['error'][0]}: {theirs['message'][:150]}"]
    if "error" not in theirs:
        return [f"{mine['error'][0]}: {mine['message'][:150]}; theirs none"]
    if theirs["error"][0] not in mine["error"]:
        return [
            f"{mine['error'][0]}: {mine['message'][:100]}; theirs {theirs['error'][0]}: "
            f"{theirs['message'][:100]}"
        ]
    return []


def is_array(value: Any) -> bool:
    """(dtype, array)."""
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], np.ndarray)


def _value(mine: Any, theirs: Any) -> str:
    if not (is_array(mine) and is_array(theirs)):
        if type(mine) is type(theirs) and str(mine).replace("rushlight.", "torch.") == str(theirs):
            return ""
        return f"{str(mine)[:300]} for {str(theirs)[:300]}"
    (kind, a), (wanted, b) = mine, theirs
    if kind != wanted or a.shape != b.shape:
        return f"{kind} {a.shape} for {wanted} {b.shape}"
    if a.size == 0 or np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
        return ""
    if kind not in ROOM:
        return "other numbers"
    return _furthest(a, b, ROOM[kind])


def _furthest(a: Any, b: Any, room: float) -> str:
    wide: Any = np.complex128 if a.dtype.kind == "c" else np.float64
    a, b = a.astype(wide), b.astype(wide)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    finite = np.isfinite(a) & np.isfinite(b)
    if not (same | finite).all():
        return f"not finite in other places: {a.ravel()[:4]} for {b.ravel()[:4]}"
    if not finite.any():
        return ""
    size = max(float(np.abs(b[finite]).max()), 1e-3)
    far = float(np.abs(a - b)[finite].max())
    return f"off by {far / size:.1e} of {size:.3g}" if far > room * size else ""
