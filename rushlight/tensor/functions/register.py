"""Where users find a Python-level function: the same flags as an op's, in ops/table.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

FUNCTIONS: dict[str, Callable[..., Any]] = {}
METHODS: set[str] = set()  # Tensor.<name>
INPLACE: set[str] = set()  # Tensor.<name>_
FUNCTIONAL: set[str] = set()  # torch.nn.functional.<name>
TORCH: set[str] = set()  # torch.<name>


def public(
    *,
    torch: bool = True,
    method: bool = False,
    inplace: bool = False,
    functional: bool = False,
    name: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """List a function under its name (and aliases) where the flags say."""

    def keep(function: F) -> F:
        for each in (name or function.__name__.rstrip("_"), *aliases):
            FUNCTIONS[each] = function
            for flag, place in (
                (torch, TORCH), (method, METHODS), (inplace, INPLACE), (functional, FUNCTIONAL),
            ):  # fmt: skip
                if flag:
                    place.add(each)
        return function

    return keep
