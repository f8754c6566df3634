"""A ``dtype`` argument in Python's words: ``dtype=float`` is float64, as ``int`` is int64."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType

F = TypeVar("F", bound=Callable[..., Any])


def takes_dtype(function: F) -> F:
    """``function``, whose ``dtype`` may be a Python type too; what is neither is a TypeError."""
    names = list(inspect.signature(function).parameters)
    if "dtype" not in names:
        return function
    place = names.index("dtype")
    who = function.__name__.strip("_")

    @functools.wraps(function)
    def taking(*args: Any, **kwargs: Any) -> Any:
        dtype = kwargs.get("dtype")
        if dtype is not None:
            if type(dtype) is not DType:
                kwargs["dtype"] = dtypes.of_argument(dtype, who)
        elif len(args) > place and isinstance(args[place], type):
            args = (*args[:place], dtypes.of_argument(args[place], who), *args[place + 1 :])
        return function(*args, **kwargs)

    return taking  # type: ignore[return-value]
