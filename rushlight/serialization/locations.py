"""Where the storages of a checkpoint shall live: the meanings of ``map_location``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from rushlight.serialization.storages import LoadedStorage
from rushlight.tensor import device

# What a damaged pickle makes the unpickler raise: no such error of the user's may be taken for one.
DAMAGE = (IndexError, KeyError, struct.error, UnicodeDecodeError, TypeError)


class RaisedByUser(Exception):
    """On its way out of the unpickler: what a function given as ``map_location`` raised."""


MapLocation: TypeAlias = Callable[[Any, str], Any] | device | str | Mapping[str, str] | None


def place(storage: LoadedStorage, location: str, map_location: MapLocation) -> LoadedStorage:
    """The storage where ``map_location`` wants it.

    Raises RuntimeError if that is a device we do not have.
    """
    if map_location is None:
        return _at(storage, location)
    if isinstance(map_location, (str, device)):
        return _at(storage, str(map_location))
    if isinstance(map_location, Mapping):
        return _at(storage, str(map_location.get(location, location)))
    try:
        chosen = map_location(storage, location)
    except DAMAGE as error:
        raise RaisedByUser(error) from error
    if chosen is None:
        return _at(storage, location)
    if not isinstance(chosen, LoadedStorage):
        raise RaisedByUser(
            TypeError(
                "torch.load: the function given as map_location must return the storage it got (or "
                f"None), it returned {type(chosen).__name__}"
            )
        )
    return chosen


def _at(storage: LoadedStorage, location: str) -> LoadedStorage:
    if location == "cpu" or location.startswith("cpu:"):
        return storage
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is "
            "False. If you are running on a CPU-only machine, please use torch.load with "
            "map_location=torch.device('cpu') to map your storages to the CPU."
        )
    raise RuntimeError(
        f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with "
        f"{location}); use torch.load with map_location='cpu'"
    )
