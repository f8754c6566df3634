"""Storages: memory that several tensors look into, as a versioned value.

A tensor that shares its memory with nobody has no Storage object: its value is its own. The first
view, ``detach()`` or the like makes one. An in-place operation gives the storage a new value and
the next version; whoever looks into it notices the version when next read.
"""

from __future__ import annotations

import weakref
from typing import Any, final

from rushlight.base.hot import hot
from rushlight.engine.value import Value


@final
class Current:
    """``Value.overwritten`` of all that writes through ``.data`` replaced: what is there now.

    One for them all: a chain from each to the next would keep all of them for as long as the
    oldest is read, which is for ever where a graph stays unused (a loss that somebody keeps).
    """

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value


@final
@hot
class Storage:
    """``value`` holds all elements, row-major; ``version`` counts in-place writes.

    ``mirror`` is the storage of the conjugates of all elements while somebody has a conjugate view:
    a write to one of the two is a write to both. ``conjugated``: of the two, what ``conj`` made.
    ``uncounted``: writes through ``.data``, of which ``Tensor._version`` is not told; ``unseen``:
    where those who saved what such writes replaced find what is there now.
    """

    __slots__ = (
        "__weakref__",
        "conjugated",
        "home",
        "mirror",
        "uncounted",
        "unseen",
        "value",
        "version",
    )

    def __init__(self, value: Value) -> None:
        self.value = value
        self.version = value.version
        self.home: Value | None = None  # whose address somebody was told last
        self.mirror: weakref.ref[Storage] | None = None
        self.conjugated = False
        self.uncounted = 0
        self.unseen: Current | None = None


def told_of(storage: Storage) -> Current:
    """Where those who saved what ``storage`` holds find what is there after a write unseen."""
    unseen = storage.unseen
    return unseen if unseen and unseen.value is storage.value else Current(storage.value)


def is_conjugated(tensor: Any) -> bool:
    """Whether a tensor is a conjugate view: what ``conj`` made, or a view of that."""
    storage = tensor._storage
    if storage is not None and storage.conjugated:
        return True
    return bool(tensor.__dict__.get("_conjugate", False))
