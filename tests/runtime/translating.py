"""Functions that a test has translated to machine code, and what calls of them give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rushlight.base import hot
from rushlight.runtime.hot import link


@contextmanager
def registered(functions: list[Any], classes: list[type]) -> Iterator[None]:
    """As if under ``@hot``, for a while."""
    hot.functions.extend(functions)
    hot.classes.extend(classes)
    try:
        yield
    finally:
        for each in functions:
            hot.functions.remove(each)
        for kind in classes:
            hot.classes.remove(kind)


def native(*functions: Callable[..., Any], classes: tuple[type, ...] = ()) -> list[Any]:
    """Their translations, as objects to call."""
    with registered([*functions], [*classes]):
        batch = link.Batch([*functions])  # type: ignore[list-item]
        batch.load({each: batch.translate(each) for each in functions})  # type: ignore
        batch.fill()
    return [link.entrance(each) for each in functions]  # type: ignore[arg-type]


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a call gives or raises, with what is said of the error."""
    try:
        found = function(*arguments)
    except BaseException as error:
        return type(error), str(error), repr(error.__context__), repr(error.__cause__)
    return type(found), found
