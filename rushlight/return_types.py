"""``torch.return_types``: the named tuples that operations return."""

from __future__ import annotations

from typing import Any

from rushlight.ops import return_types
from rushlight.ops.return_types import FIELDS as _FIELDS

__all__ = [name for name in _FIELDS if not name.startswith("_")]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'torch.return_types' has no attribute {name!r}")
    made = globals()[name] = getattr(return_types, name)
    return made


def __dir__() -> list[str]:
    return __all__
