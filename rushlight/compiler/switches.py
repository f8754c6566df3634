"""``torch.compiler``'s names: everything is compiled anyway, so they change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_compiling() -> bool:
    """False: a function is never run only to be looked at."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    """Accepted: a plan is never wrong, so none has to be forgotten."""


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself; also a decorator."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn


def assume_constant_result(fn: Any) -> Any:
    """The function itself."""
    return fn


def cudagraph_mark_step_begin() -> None:
    """Accepted."""


class set_stance:
    """Accepted, as a function, context manager and decorator."""

    def __init__(self, stance: str = "default", **options: Any) -> None:
        self.stance = stance

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, *details: object) -> None:
        """Nothing to undo."""
