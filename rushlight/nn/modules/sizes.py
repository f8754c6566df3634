"""A size that may be given once for all axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def repeated(value: Any, count: int) -> tuple[Any, ...]:
    """``value`` for each of ``count`` axes, unless it is given per axis already.

    >>> repeated(3, 2), repeated((1, 2), 2)
    ((3, 3), (1, 2))
    """
    return tuple(value) if isinstance(value, Iterable) else (value,) * count
