"""``torch.sym_*``: sizes are plain numbers here, so these are Python's own functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from rushlight.base.left_out import absent_class

_WHY = "sizes are plain numbers"
SymInt = absent_class("torch.SymInt", _WHY)
SymFloat = absent_class("torch.SymFloat", _WHY)
SymBool = absent_class("torch.SymBool", _WHY)


def sym_int(a: Any) -> int:
    """``a`` without its fraction."""
    return math.trunc(a)


def sym_float(a: Any) -> float:
    """``a`` as a float."""
    return float(a)


def sym_not(a: Any) -> bool:
    """``not a``."""
    return not a


def sym_max(a: Any, b: Any) -> Any:
    """The larger; a float if either is."""
    larger = max(a, b)
    return float(larger) if isinstance(a, float) or isinstance(b, float) else larger


def sym_min(a: Any, b: Any) -> Any:
    """The smaller; a float if either is."""
    smaller = min(a, b)
    return float(smaller) if isinstance(a, float) or isinstance(b, float) else smaller


def sym_sum(args: Iterable[Any]) -> Any:
    """The sum."""
    return sum(args)


def sym_ite(b: Any, t: Any, f: Any) -> Any:
    """``t`` if ``b``, else ``f``."""
    return t if b else f


def sym_sqrt(a: Any) -> float:
    """The square root."""
    return math.sqrt(a)
