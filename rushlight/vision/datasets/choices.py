"""Arguments that are one of a few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def iterable_to_str(iterable: Iterable[Any]) -> str:
    """Its items in quotes, by commas.

    >>> iterable_to_str(["train", "val"])
    "'train', 'val'"
    """
    return "'" + "', '".join(str(each) for each in iterable) + "'"


def verify_str_arg(
    value: Any,
    arg: str | None = None,
    valid_values: Iterable[str] | None = None,
    custom_msg: str | None = None,
) -> Any:
    """The value, if it is a string and one of the valid ones. Raises ValueError otherwise."""
    if not isinstance(value, str):
        where = "" if arg is None else f" for argument {arg}"
        raise ValueError(f"Expected type str{where}, but got type {type(value)}.")
    words = None if valid_values is None else list(valid_values)
    if words is None or value in words:
        return value
    raise ValueError(
        custom_msg
        or f"Unknown value '{value}' for argument {arg}. Valid values are "
        f"{{{iterable_to_str(words)}}}."
    )


def chosen(value: Any, name: str, valid: Iterable[str]) -> str:
    """``verify_str_arg`` of an argument of that name."""
    word: str = verify_str_arg(value, name, valid)
    return word


def one_or_both(value: Any, name: str, one: str, other: str) -> tuple[str, ...]:
    """The words meant by an argument that is one of two, or "both".

    >>> one_or_both("both", "pass_name", "clean", "final")
    ('clean', 'final')
    """
    word = chosen(value, name, (one, other, "both"))
    return (one, other) if word == "both" else (word,)
