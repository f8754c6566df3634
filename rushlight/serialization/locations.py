"""Where the storages of a checkpoint shall live: the meanings of ``map_location``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from rushlight.serialization.storages import LoadedStorage
from rushlight.tensor import Tensor, device

# What a damaged pickle makes the unpickler raise: no such error of the user's may be taken for one.
DAMAGE = (IndexError, KeyError, struct.error, UnicodeDecodeError, TypeError)


class RaisedByUser(Exception):
    """On its way out of the unpickler: what a function given as ``map_location`` raised."""


MapLocation: TypeAlias = Callable[[Any, str], Any] | device | str | Mapping[str, str] | None


def place(storage: LoadedStorage, location: str, map_location: MapLocation) -> Any:
    """The storage where ``map_location`` wants it.

    Raises RuntimeError if that is a device we do not have.
    """
    if map_location is None:
        return default_restore_location(storage, location)
    if isinstance(map_location, (str, device)):
        return default_restore_location(storage, str(map_location))
    if isinstance(map_location, Mapping):
        return default_restore_location(storage, str(map_location.get(location, location)))
    try:
        chosen = map_location(storage, location)
    except DAMAGE as error:
        raise RaisedByUser(error) from error
    if chosen is None:
        return default_restore_location(storage, location)
    if not isinstance(chosen, LoadedStorage):
        raise RaisedByUser(
            TypeError(
                "torch.load: the function given as map_location must return the storage it got (or "
                f"None), it returned {type(chosen).__name__}"
            )
        )
    return chosen


def _on_cpu(storage: Any, location: str) -> Any:
    return storage if location == "cpu" or location.startswith("cpu:") else None


def _on_cuda(storage: Any, location: str) -> Any:
    if location.startswith("cuda"):
        validate_cuda_device(location)
    return None


def _on_meta(storage: Any, location: str) -> Any:
    if location != "meta":
        return None
    storage.location = location  # its tensors will have shapes and no numbers
    return storage


def validate_cuda_device(location: str) -> int:
    """The number of the CUDA device ``location`` names. Raises RuntimeError: there is none."""
    raise RuntimeError(
        "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is "
        "False. If you are running on a CPU-only machine, please use torch.load with "
        "map_location=torch.device('cpu') to map your storages to the CPU."
    )


Tagger: TypeAlias = Callable[[Any], str | None]
Deserializer: TypeAlias = Callable[[Any, str], Any]

# (priority, what a storage's tag is, a storage put where a tag says), lowest priority first.
_PACKAGES: list[tuple[int, Tagger, Deserializer]] = [
    (10, lambda storage: "cpu", _on_cpu),
    (20, lambda storage: None, _on_cuda),
    (22, lambda storage: None, _on_meta),
]
_BUILT_IN = len(_PACKAGES)


def register_package(priority: int, tagger: Tagger, deserializer: Deserializer) -> None:
    """Ask these functions as well where a storage is when saving, and where to put it in loading.

    ``tagger(storage)`` gives the tag that is written, ``deserializer(storage, tag)`` the storage
    in its place; both give None for what is not theirs. Lower priorities are asked first (the
    CPU's is 10).
    """
    _PACKAGES.append((priority, tagger, deserializer))
    _PACKAGES.sort(key=lambda package: package[0])


def location_tag(storage: Any) -> str:
    """The tag that is written for a storage: "cpu" unless a registered function says otherwise."""
    return next(tag for _, tagger, _ in _PACKAGES if (tag := tagger(storage)))


def tag_of(tensor: Tensor) -> str:
    """``location_tag`` of a tensor's storage, which is looked at only if somebody wants to see it.

    >>> import rushlight as torch
    >>> tag_of(torch.ones(2))
    'cpu'
    """
    if len(_PACKAGES) == _BUILT_IN:
        return "cpu"
    return location_tag(tensor.untyped_storage())  # type: ignore[attr-defined]


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage where its tag says. Raises RuntimeError if that is nowhere we know."""
    for _, _, deserializer in _PACKAGES:
        found = deserializer(storage, location)
        if found is not None:
            return found
    raise RuntimeError(
        f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with "
        f"{location}); use torch.load with map_location='cpu'"
    )
