"""Storages: memory that several tensors look into, as a versioned value.

A tensor that shares its memory with nobody has no Storage object: its value is its own. The first
view, ``detach()`` or the like makes one. An in-place operation gives the storage a new value and
the next version; whoever looks into it notices the version when next read.
"""

from __future__ import annotations

from typing import final

from rushlight.engine.value import Value


@final
class Storage:
    """``value`` holds all elements, row-major; ``version`` counts in-place writes."""

    __slots__ = ("__weakref__", "home", "value", "version")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.version = value.version
        self.home: Value | None = None  # whose address somebody was told last
