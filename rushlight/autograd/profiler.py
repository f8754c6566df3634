"""``torch.autograd.profiler``: named ranges. What measures them is not here."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class record_function:
    """A named range of the program, as a context manager or decorator."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *details: object) -> None:
        """The range is over."""

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return wrapped


__all__ = ["record_function"]
