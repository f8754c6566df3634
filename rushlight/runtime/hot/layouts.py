"""Where the slots of the classes under ``@hot`` lie in an instance, and whether we may rely on it.

A slot's descriptor (``Value.buffer``) is a ``PyMemberDescrObject``: after its own header come the
class, two names and the address of a ``PyMemberDef`` (name, type, offset), as CPython's public
headers structmember.h and descrobject.h say.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import sysconfig
import types
from collections.abc import Iterable
from typing import Any

from rushlight.runtime.hot.prelude import LIST_ITEMS, TUPLE_ITEMS
from rushlight.runtime.hot.symbols import class_name

_WORD = 8
_DEFINITION = 5 * _WORD  # reference count, type, class, name, qualified name
_VECTORCALL = 7 * _WORD  # of a type: after its own header come a name, two sizes, ``tp_dealloc``
_OBJECT_OR_ERROR = 16  # the type of a member that is an object, and must be there
_NEWEST = (3, 13)


def _word(address: int) -> int:
    return ctypes.c_int64.from_address(address).value


def vectorcall_of(function: Any) -> ctypes.c_int64:
    """Where a function says how C calls it: ``tp_vectorcall_offset`` after its own address."""
    return ctypes.c_int64.from_address(id(function) + _word(id(type(function)) + _VECTORCALL))


def _code_at() -> int:
    places = range(_DEFINITION - 3 * _WORD, types.FunctionType.__basicsize__, _WORD)
    found = [
        place
        for place in places
        if all(_word(id(each) + place) == id(each.__code__) for each in (class_name, _word))
    ]
    return found[0] if found else 0


CODE_AT = _code_at()  # where a function has its code


def _offset(descriptor: types.MemberDescriptorType) -> int | None:
    definition = _word(id(descriptor) + _DEFINITION)
    kind = ctypes.c_int.from_address(definition + _WORD).value
    return _word(definition + 2 * _WORD) if kind == _OBJECT_OR_ERROR else None


class Layouts:
    """Offsets by name: (class, offset) of every class that has a slot of that name."""

    def __init__(self, classes: Iterable[type]) -> None:
        self.classes = {class_name(each): each for each in classes}
        self._places: dict[str, list[tuple[str, int]]] = {}
        for key, each in self.classes.items():
            slots: dict[str, int | None] = {}
            for base in reversed(each.__mro__):
                for name, member in vars(base).items():
                    plain = isinstance(member, types.MemberDescriptorType)
                    slots[name] = _offset(member) if plain else None
            for name, offset in slots.items():
                if offset is not None:
                    self._places.setdefault(name, []).append((key, offset))

    def places(self, name: str, like: str = "", exact: type | None = None) -> list[tuple[str, int]]:
        """The classes with a slot ``name``, and where; those that are called ``like`` that first.

        Of ``exact`` only, where the class is known.
        """
        found = self._places.get(name, [])
        if exact is not None:
            return [each for each in found if each[0] == class_name(exact)]
        called = like.lower().rstrip("_")
        return sorted(found, key=lambda each: each[0].rpartition(".")[2].lower() != called)

    def text(self) -> str:
        """All of it, as part of a key."""
        return repr(sorted(self._places.items()))


class _Probe:
    __slots__ = ("first", "second")


def reliable() -> bool:
    """Whether this is a Python whose objects lie as the prelude says; tried on some."""
    plain = (
        platform.python_implementation() == "CPython"
        and sys.version_info[:2] <= _NEWEST
        and sys.maxsize == 2**63 - 1
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not hasattr(sys, "gettotalrefcount")
        and CODE_AT > 0
    )
    if not plain:
        return False
    probe, found = _Probe(), Layouts([_Probe])
    probe.first, probe.second = mark, other = object(), object()  # type: ignore[attr-defined]
    for name, held in (("first", mark), ("second", other)):
        for _, offset in found.places(name):
            if _word(id(probe) + offset) != id(held):
                return False
    row = [mark, other, mark]
    line, counted = (mark, other), _word(id(mark))
    again = mark
    return (
        _word(id(mark)) == counted + 1
        and again is mark
        and _word(id(probe) + _WORD) == id(_Probe)
        and _word(id(row) + 2 * _WORD) == 3
        and _word(_word(id(row) + LIST_ITEMS) + _WORD) == id(other)
        and _word(id(line) + 2 * _WORD) == 2
        and _word(id(line) + TUPLE_ITEMS + _WORD) == id(other)
    )
