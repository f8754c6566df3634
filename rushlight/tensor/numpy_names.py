"""NumPy's words for two of PyTorch's arguments: ``axis`` is ``dim``, ``keepdims`` is ``keepdim``.

PyTorch takes either in every operation that has the argument. Functions written from the op table
get a ``**named_`` that ``renamed`` reads, so a call in PyTorch's own words pays nothing for it;
functions by hand are wrapped by ``numpy_named``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from rushlight.ops.table import Op

F = TypeVar("F", bound=Callable[..., Any])

# The last two are what swapaxes, another name of transpose, calls its arguments.
NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "axis0": "dim0", "axis1": "dim1"}


class _Missing:
    """What a required argument is that may still come under NumPy's name."""


MISSING = _Missing()


def renamed(op: Op, named: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """``given``, the arguments by PyTorch's names, and those of ``named`` under NumPy's.

    TypeError for a name that is neither, and for an argument under both.
    """
    defaults = {p.name: p.default for p in op.parameters}
    for name, value in named.items():
        target = NUMPY_NAMES.get(name)
        if target not in defaults:
            raise TypeError(f"{op.name}() got an unexpected keyword argument '{name}'")
        before = given[target]
        if before is not MISSING and before is not defaults[target]:
            raise TypeError(f"{op.name}() got multiple values for argument '{target}'")
        given[target] = value
    return given


def lacking(op: Op, arguments: tuple[Any, ...]) -> TypeError:
    """The error of a call without an argument that it needs."""
    pairs = zip(op.parameters, arguments, strict=True)
    names = [f'"{parameter.name}"' for parameter, value in pairs if value is MISSING]
    return TypeError(
        f"{op.name}() missing {len(names)} required positional arguments: {', '.join(names)}"
    )


def parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names that ``inspect.signature`` finds, a hundredth as long: an import asks 280 times."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def numpy_named(function: F) -> F:
    """``function``, also taking NumPy's names of what it calls ``dim`` and ``keepdim``."""
    parameters = parameter_names(function)
    names = {theirs: ours for theirs, ours in NUMPY_NAMES.items() if ours in parameters}
    if not names:
        return function
    who = function.__name__.strip("_")

    @functools.wraps(function)
    def taking(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for theirs, ours in names.items():
                if theirs in kwargs:
                    if ours in kwargs:
                        raise TypeError(f"{who}() got multiple values for argument '{ours}'")
                    kwargs[ours] = kwargs.pop(theirs)
        return function(*args, **kwargs)

    return taking  # type: ignore[return-value]


def also_named(**names: str) -> Callable[[F], F]:
    """Lets a function take arguments under further names, ``theirs="ours"``.

    PyTorch's overloads of one function, and its method beside it, name one argument differently.

    Example:
        >>> @also_named(sections="indices_or_sections")
        ... def cut(x, indices_or_sections):
        ...     return indices_or_sections
        >>> cut(1, sections=3)
        3
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def taking(*args: Any, **kwargs: Any) -> Any:
            for name in names.keys() & kwargs.keys():
                if names[name] in kwargs:
                    raise TypeError(
                        f"{function.__name__}() got multiple values for argument '{names[name]}'"
                    )
                kwargs[names[name]] = kwargs.pop(name)
            return function(*args, **kwargs)

        return taking  # type: ignore[return-value]

    return decorate
