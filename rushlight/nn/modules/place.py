"""Indices of containers."""

from __future__ import annotations

import operator
from typing import Any


def place_of(container: Any, index: Any) -> str:
    """The key of an index, negative ones counted from the end."""
    number = operator.index(index)
    size = len(container)
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of range")
    return str(number % size)
