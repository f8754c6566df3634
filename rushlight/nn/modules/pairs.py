"""What a mapping or a sequence of pairs given to a dict-like container holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def pairs(who: str, entries: Any) -> list[tuple[str, Any]]:
    """The (key, value) pairs, with PyTorch's errors where they are none."""
    if not isinstance(entries, Iterable):
        raise TypeError(
            f"{who}.update should be called with an iterable of key/value pairs, but got "
            + type(entries).__name__
        )
    if hasattr(entries, "items"):
        return list(entries.items())
    result = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, Iterable):
            raise TypeError(
                f"{who} update sequence element #{place} should be Iterable; is"
                + type(entry).__name__
            )
        pair = tuple(entry)
        if len(pair) != 2:
            raise ValueError(
                f"{who} update sequence element #{place} has length {len(pair)}; 2 is required"
            )
        result.append(pair)
    return result
