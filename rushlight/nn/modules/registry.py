"""The dictionaries of parameters, buffers and submodules of a Module."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

_MISSING = object()


class Registry(dict[str, Any]):
    """A dict whose entries are also ordinary attributes of the module that owns it.

    Python finds ``self.weight`` in the instance's ``__dict__`` without calling ``__getattr__``,
    which is ten times as fast; every way of changing this dict keeps the two in step. A name that
    the module's class already has is left to the class, as attribute look-up would; and a class
    with a ``__getattr__`` of its own is asked for every name, as in PyTorch.
    """

    __slots__ = ("_owner", "_shown")

    module: ClassVar[Any]  # the class Module

    def __new__(cls, owner: Any = (), entries: Mapping[str, Any] | None = None) -> Any:
        # Libraries that walk containers build each again by its type, from a dict: a plain one.
        return super().__new__(cls) if isinstance(owner, Registry.module) else dict(owner)

    def __init__(self, owner: Any, entries: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        # A strong reference would make every module a cycle that only the collector frees.
        self._owner = weakref.ref(owner)
        self._shown = type(owner).__getattr__ is Registry.module.__getattr__
        if entries:
            self.update(entries)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        owner = self._owner()
        if self._shown and owner is not None and not hasattr(type(owner), name):
            owner.__dict__[name] = value

    def __delitem__(self, name: str) -> None:
        value = super().pop(name)
        owner = self._owner()
        if owner is not None and owner.__dict__.get(name, _MISSING) is value:
            del owner.__dict__[name]

    def update(self, *others: Any, **named: Any) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def __ior__(self, other: Any) -> Registry:  # type: ignore[override,misc]
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self:
            return super().pop(name, *default)
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        name = next(reversed(self))
        return name, self.pop(name)

    def clear(self) -> None:
        for name in list(self):
            del self[name]

    def withdraw(self) -> None:
        """Another dict takes this one's place: the owner's attributes are not its any more."""
        owner = self._owner()
        for name, value in self.items():
            if owner is not None and owner.__dict__.get(name, _MISSING) is value:
                del owner.__dict__[name]

    def copy(self) -> dict[str, Any]:
        """A plain dict, which becomes a Registry where it is assigned to ``_parameters``."""
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (list(self.items()),)


def forget(name: str, *places: Iterable[str]) -> None:
    """Take ``name`` out of every dict and set in which it is."""
    for place in places:
        if name in place:
            if isinstance(place, dict):
                del place[name]
            else:
                place.discard(name)  # type: ignore[attr-defined]
