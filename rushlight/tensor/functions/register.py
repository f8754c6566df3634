"""Where users find a Python-level function: the same flags as an op's, in ops/table.py."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.base.spans import spanned
from rushlight.tensor.argument_kinds import checked
from rushlight.tensor.autocast import listed
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.numpy_names import numpy_named
from rushlight.tensor.out import require_dtypes, require_parts, write_out
from rushlight.tensor.overlap import OVERLAP
from rushlight.tensor.tensor import Tensor

F = TypeVar("F", bound=Callable[..., Any])

FUNCTIONS: dict[str, Callable[..., Any]] = {}
METHODS: set[str] = set()  # Tensor.<name>
INPLACE: set[str] = set()  # Tensor.<name>_
FUNCTIONAL: set[str] = set()  # torch.nn.functional.<name>
TORCH: set[str] = set()  # torch.<name>
TORCH_FORMS: dict[str, Callable[..., Any]] = {}  # torch.<name>, where F.<name> is another function


def torch_form(function: F) -> F:
    """List a function as ``torch.<name>``, whatever F.<name> and Tensor.<name> are."""
    asking = checked(function, function.__name__)
    named = numpy_named(takes_dtype(listed(asking, function.__name__)))
    found_at(named, "rushlight", function.__name__)
    TORCH_FORMS[function.__name__] = spanned(named, f"aten::{function.__name__}")
    return function


def found_at(function: Callable[..., Any], module: str, name: str) -> None:
    """Say where users find a function: pickle looks it up there."""
    function.__module__, function.__qualname__ = module, name


def public(
    *,
    torch: bool = True,
    method: bool = False,
    inplace: bool = False,
    functional: bool = False,
    out: bool = False,
    asks: bool | None = None,
    name: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """List a function under its name (and aliases) where the flags say.

    ``out``: it is given a keyword argument ``out`` for what it writes its results to. ``asks``:
    whether its arguments are of the right kinds, where no op that it hands them to asks. Left out,
    only F's functions do not: they are Python in PyTorch too, and take what their bodies can use.
    """

    def keep(function: F) -> F:
        function = listed(function, name or function.__name__.rstrip("_"))
        if out:
            function = with_out(function)
        spelled = f"aten::{name or function.__name__.rstrip('_')}"
        ask = torch or method if asks is None else asks
        asking = checked(function, spelled[6:]) if ask else function
        named = spanned(numpy_named(takes_dtype(asking)), spelled)
        if torch or functional:
            where = "rushlight.nn.functional" if functional else "rushlight"
            found_at(named, where, spelled[6:])
        for each in (name or function.__name__.rstrip("_"), *aliases):
            FUNCTIONS[each] = named
            for flag, place in (
                (torch, TORCH), (method, METHODS), (inplace, INPLACE), (functional, FUNCTIONAL),
            ):  # fmt: skip
                if flag:
                    place.add(each)
        return function

    return keep


def with_out(function: F) -> F:
    """The function with a keyword argument ``out`` that its results are written to."""

    @functools.wraps(function)
    def writing(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if isinstance(out, Tensor):
            for each in args:
                out._apart_from(each)
                if each is out and function.__name__ == "masked_select":
                    raise RuntimeError(OVERLAP)
        result = function(*args, **kwargs)
        return result if out is None else write_all(function.__name__, out, result)

    return writing  # type: ignore[return-value]


def write_all(who: str, out: Any, result: Any) -> Any:
    """``out=``: a tensor, or as many as there are results, in a tuple like theirs."""
    if isinstance(result, Tensor):
        return write_out(who, out, result)
    require_parts(who, out, result)
    require_dtypes(who, out, result)
    written = [write_out(who, a, b) for a, b in zip(out, result, strict=True)]
    return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
