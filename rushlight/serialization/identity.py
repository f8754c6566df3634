"""The persistent id under which a pickle mentions a storage."""

from __future__ import annotations

from pickle import UnpicklingError
from typing import Any

from rushlight.serialization.brief import brief
from rushlight.serialization.storages import StorageKind


def check_identity(identity: Any) -> tuple[StorageKind, str, str, int]:
    """(kind, key, location, element count) of a storage's persistent id.

    Raises UnpicklingError if it is anything else.
    """
    if isinstance(identity, tuple) and len(identity) in (5, 6):
        tag, kind, key, location, count = (_text(each) for each in identity[:5])
        if (
            tag == "storage" and isinstance(kind, StorageKind) and isinstance(key, str)
            and isinstance(location, str) and type(count) is int and count >= 0
        ):  # fmt: skip
            return kind, key, location, count
    raise UnpicklingError(f"a storage's persistent id is damaged: {brief(identity)}")


def _text(value: Any) -> Any:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else value
