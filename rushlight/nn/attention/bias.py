"""Causal masks of attention where there are more keys than queries, or fewer."""

from __future__ import annotations

import enum

from rushlight.tensor import Tensor, named, ones

__all__ = ["CausalVariant", "causal_lower_right", "causal_upper_left"]


class CausalVariant(enum.IntEnum):
    """Which corner the diagonal ends or begins in."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


def _lower(rows: int, columns: int, diagonal: int) -> Tensor:
    whole = ones((rows, columns), dtype=named("bool"))
    return named("tril")(whole, diagonal=diagonal)  # type: ignore[no-any-return]


def causal_upper_left(*size: int) -> Tensor:
    """(T, S) bool: the first query sees the first key.

    >>> causal_upper_left(2, 3).tolist()
    [[True, False, False], [True, True, False]]
    """
    return _lower(*_two(size), 0)


def causal_lower_right(*size: int) -> Tensor:
    """(T, S) bool: the last query sees the last key.

    >>> causal_lower_right(2, 3).tolist()
    [[True, True, False], [True, True, True]]
    """
    rows, columns = _two(size)
    return _lower(rows, columns, columns - rows)


def _two(size: tuple[int, ...]) -> tuple[int, int]:
    if len(size) != 2:
        raise RuntimeError("causal masks only support 2D tensors")
    return size[0], size[1]
