"""A ``dtype`` argument in Python's words: ``dtype=float`` is float64, as ``int`` is int64."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.tensor import meta_device
from rushlight.tensor.kinds import as_bool
from rushlight.tensor.memory_format import layout, strided

F = TypeVar("F", bound=Callable[..., Any])
_OPTIONS = frozenset({"layout", "names", "pin_memory", "requires_grad"})


def _require_options(who: str, options: dict[str, Any], like: Any) -> None:
    """What may be said of a new tensor beside its dtype and device, as PyTorch's CPU build wants
    it. NotImplementedError for a layout that it cannot have here."""
    if options.pop("names", None) is not None:
        raise NotImplementedError(f"{who}: named tensors are left out; say what axes mean in names")
    wanted = options.get("layout")
    if wanted is not None and not isinstance(wanted, layout):
        raise TypeError(
            f"{who}(): argument 'layout' must be torch.layout, not {type(wanted).__name__}"
        )
    if wanted not in (None, strided) and not getattr(like, "is_sparse", False):
        raise NotImplementedError(f"{who}: a tensor made in the layout {wanted}; use to_sparse()")
    if options.get("requires_grad") is not None:
        as_bool(who, "requires_grad", options["requires_grad"])
    pinned = options.pop("pin_memory", None)
    if pinned is not None and as_bool(who, "pin_memory", pinned):
        raise RuntimeError(
            f"{who}: pin_memory=True needs an accelerator, whose transfers it is for; leave it out"
        )


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
        if makes and not _OPTIONS.isdisjoint(kwargs):
            _require_options(who, kwargs, args[0] if args else None)
        if makes and meta_device.wanted_on_meta(args, kwargs, follows):
            return meta_device.make_shell(who, function, args, kwargs)
        return function(*args, **kwargs)

    return taking  # type: ignore[return-value]
