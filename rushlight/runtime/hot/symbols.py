"""The names by which functions and classes are known to the linker and on the disk."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from rushlight.base import hot

Entry = tuple[str, ...]  # what a word of a translation's table stands for, see ``link.py``


def class_name(which: type) -> str:
    """By which the disk knows a class."""
    return f"{which.__module__}.{which.__qualname__}"


def native_name(function: Any) -> str:
    """The symbol of a function's translation: by its code, for ``functools.wraps`` renames it."""
    if function in hot.texts:
        return f"{function.__module__}.{function.__qualname__}"
    return f"{function.__globals__['__name__']}.{function.__code__.co_qualname}"


# The entries of a table that only a door for calls from C uses (``translation.py``): the usual way,
# and the code that a function has while the door is open.
PROTOCOL = ("protocol",)
CALLING = ("calling",)


def symbols(function: Any, table: Container[Entry]) -> tuple[str, ...]:
    """All that a translation defines: itself, what Python calls, and its table; what C calls."""
    name = native_name(function)
    every = (name, f"{name}.call", f"{name}.table")
    return (*every, f"{name}.vector") if PROTOCOL in table else every
