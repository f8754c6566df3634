"""Methods of Tensor that belong to rare families: loaded by the first look at one of them.

They are on the class from the start, where sub-classes find them with ``super()`` and programs
replace them, as descriptors that put the method in their own place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from rushlight import ops
from rushlight.tensor import functions, methods
from rushlight.tensor.tensor import Tensor


@final
class Late:
    """Stands for ``Tensor.<name>`` until somebody asks for it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        functions.load_rare()
        method = function_method(self.name) or methods.find_method(self.name)
        assert method is not None, f"no rare family has the method {self.name}"
        if Tensor.__dict__.get(self.name) is self:
            setattr(Tensor, self.name, method)
        return method if instance is None else method.__get__(instance, owner)


def function_method(name: str) -> Callable[..., Any] | None:
    """The method that a Python-level function is under ``name``, or in place under ``name_``."""
    if name in functions.METHODS:
        return functions.FUNCTIONS[name]
    if name.endswith("_") and name[:-1] in functions.INPLACE:
        return _inplace_of(functions.FUNCTIONS[name[:-1]], name)
    return None


def _inplace_of(made: Callable[..., Any], name: str) -> Callable[..., Any]:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self._writable(name)
        if name == "index_put_":
            for other in args:
                self._apart_from(other, wholly=True)
        return self._inplace(made(self, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    return method


def install() -> None:
    """Put the methods that are functions on the class, and those that are to come."""
    for name in (*functions.METHODS, *(f"{each}_" for each in functions.INPLACE)):
        setattr(Tensor, name, function_method(name))
    for names in (*ops.RARE.values(), *functions.RARE.values()):
        for name in names.split():
            setattr(Tensor, name, Late(name))


def load_all() -> None:
    """Put every method in its place: for who wants to wrap them all."""
    for name, member in list(vars(Tensor).items()):
        if isinstance(member, Late):
            getattr(Tensor, name)
