"""Marks on what runs in every step: ``runtime/hot`` translates it to machine code.

A function under ``@hot`` is ordinary Python, and runs as such until the program has run long
enough for its translation to pay. What a class under ``@hot`` keeps in ``__slots__`` is read and
written there without a look-up.

>>> @hot
... def double(x):
...     return x + x
>>> double(2)
4
>>> functions.remove(double)  # an example is not for every step
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Marked = TypeVar("Marked", bound=Callable[..., Any])

functions: list[Any] = []
classes: list[type] = []
texts: dict[Any, str] = {}  # of functions that were made from text: that text


def written(function: Any, text: str) -> None:
    """Note a function that was made from text, now or anew."""
    texts[function] = text


def hot(marked: Marked) -> Marked:
    """``marked`` itself, noted."""
    if isinstance(marked, type):
        classes.append(marked)
    else:
        functions.append(marked)
    return marked


__all__ = ["classes", "functions", "hot", "texts", "written"]
