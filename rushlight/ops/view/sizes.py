"""A shape given as several arguments or as one tuple."""

from __future__ import annotations

from typing import Any

from rushlight.base.shape import Shape


def sizes(shape: tuple[Any, ...]) -> Shape:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        return tuple(shape[0])
    return tuple(shape)
