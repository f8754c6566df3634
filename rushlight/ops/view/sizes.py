"""A shape given as several arguments or as one tuple."""

from __future__ import annotations

import operator
from typing import Any

from rushlight.base.shape import Shape

_INTS = {int}


def whole_sizes(who: str, given: tuple[Any, ...], argument: str = "size") -> Shape:
    """The sizes of a new tensor as ints. TypeError for what is no whole number."""
    listed = len(given) == 1 and isinstance(given[0], (tuple, list))
    row = given[0] if listed else given
    if {*map(type, row)} <= _INTS:
        return tuple(row)
    found: list[int] = []
    for place, each in enumerate(row):
        try:
            found.append(operator.index(each))
        except TypeError:
            if place:
                raise TypeError(
                    f"{who}(): argument '{argument}' failed to unpack the object at pos {place + 1}"
                    f' with error "type must be tuple of ints,but got {type(each).__name__}"'
                ) from None
            name = type(each).__name__
            what = f"but found element of type {name} at pos 0" if listed else f"not {name}"
            raise TypeError(
                f"{who}(): argument '{argument}' (position 1) must be tuple of ints, {what}"
            ) from None
    return tuple(found)


def one_size(who: str, sizes: tuple[Any, ...], size: Any) -> tuple[Any, ...]:
    """What was given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``. TypeError for both, and
    for neither."""
    if size is None:
        if not sizes:
            raise TypeError(f'{who}() missing 1 required positional arguments: "size"')
        return sizes
    if sizes:
        raise TypeError(f"{who}() got multiple values for argument 'size'")
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"{who}(): argument 'size' must be tuple of ints, not {type(size).__name__}"
        )
    return (size,)


def sizes(shape: tuple[Any, ...]) -> Shape:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        return tuple(shape[0])
    return tuple(shape)
