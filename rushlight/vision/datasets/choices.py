"""Arguments that are one of a few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def chosen(value: Any, name: str, valid: Iterable[str]) -> str:
    """The value, if it is one of the words. Raises ValueError that lists them."""
    if not isinstance(value, str):
        raise ValueError(f"Expected type str for argument {name}, but got type {type(value)}.")
    words = tuple(valid)
    if value not in words:
        listed = ", ".join(repr(each) for each in words)
        raise ValueError(
            f"Unknown value '{value}' for argument {name}. Valid values are {{{listed}}}."
        )
    return value
