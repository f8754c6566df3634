"""``functionalize``: a function without visible mutation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_REMOVES = ("mutations", "mutations_and_views")


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """The same function: what is recorded here never holds a mutation anyway.

    >>> import rushlight as torch
    >>> torch.func.functionalize(torch.exp)(torch.zeros(2))
    tensor([1., 1.])
    """
    if remove not in _REMOVES:
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. "
            f"Valid options are: {', '.join(map(repr, _REMOVES))}"
        )

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return wrapped
