"""Whether two arrays hold the same numbers, up to the roundings that their dtype allows."""

from __future__ import annotations

from typing import Any

import numpy as np

_ROUNDINGS = 32


def same(a: Any, b: Any, *, slack: float = 1, floor: float = 0.0) -> bool:
    """Equal whole numbers; floats within some units in the last place of the largest one there.

    nan equals nan; infinities must be the same. ``floor``: what is small beside this may differ.
    """
    if a is None or b is None:
        return (a is None or not np.any(a)) and (b is None or not np.any(b))
    if a.shape != b.shape:
        return False
    if a.dtype.kind == "c" and a.dtype == b.dtype:  # as pairs of their parts
        parts = a.real.dtype
        a, b = (np.ascontiguousarray(x).reshape(-1).view(parts) for x in (a, b))
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    eps = float(np.finfo(a.dtype).eps)
    x, y = a.astype(np.float64), b.astype(np.float64)
    equal = (x == y) | (np.isnan(x) & np.isnan(y))
    finite = np.isfinite(x) & np.isfinite(y)
    # What cancels is as exact as what it was made of, which is not seen: the largest result stands
    # for it, no more than 1 where results differ widely in size.
    sizes = np.abs(y[finite])
    scale = max(min(float(sizes.max(initial=0.0)), 1.0), floor)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(x - y) <= _ROUNDINGS * slack * eps * (np.abs(y) + scale)
    return bool(np.all(equal | (finite & near)))
