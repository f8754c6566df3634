"""A ``dtype`` argument in Python's words: ``dtype=float`` is float64, as ``int`` is int64."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.tensor import meta_device

F = TypeVar("F", bound=Callable[..., Any])


def takes_dtype(function: F) -> F:
    """``function``, whose ``dtype`` may be a Python type too; what is neither is a TypeError."""
    names = list(inspect.signature(function).parameters)
    if "dtype" not in names:
        return function
    place = names.index("dtype")
    who = function.__name__.strip("_")
    makes = "device" in names  # it may be asked for a tensor without elements
    follows = names[0] in ("self", "input")

    @functools.wraps(function)
    def taking(*args: Any, **kwargs: Any) -> Any:
        dtype = kwargs.get("dtype")
        if dtype is not None:
            if type(dtype) is not DType:
                kwargs["dtype"] = dtypes.of_argument(dtype, who)
        elif len(args) > place and isinstance(args[place], type):
            args = (*args[:place], dtypes.of_argument(args[place], who), *args[place + 1 :])
        if makes and meta_device.wanted_on_meta(args, kwargs, follows):
            return meta_device.make_shell(who, function, args, kwargs)
        return function(*args, **kwargs)

    return taking  # type: ignore[return-value]
