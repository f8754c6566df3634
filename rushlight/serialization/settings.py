"""What torch.serialization can be told once for all calls."""

from __future__ import annotations

import mmap
import sys
import threading
from enum import Enum
from typing import Any, final


class LoadEndianness(Enum):
    """The byte order of checkpoints that do not say theirs (before PyTorch 2.1)."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


MAP_SHARED = mmap.MAP_SHARED
MAP_PRIVATE = mmap.MAP_PRIVATE


@final
class _LoadSettings:
    mmap: bool = False
    endianness: LoadEndianness | None = None
    mmap_flags: int = MAP_PRIVATE


@final
class _SaveSettings:
    compute_crc32: bool = True


# torch.utils.serialization.config.load and .save.
load, save = _LoadSettings(), _SaveSettings()
_here = threading.local()


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """The byte order of files that do not say theirs; None (little) is the start.

    Raises TypeError for anything but a LoadEndianness or None.
    """
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    load.endianness = endianness


def get_default_load_endianness() -> LoadEndianness | None:
    """What ``set_default_load_endianness`` said."""
    return load.endianness


def default_byte_order() -> str:
    """ "little" or "big", of files that do not say theirs."""
    if load.endianness is LoadEndianness.NATIVE:
        return sys.byteorder
    return "big" if load.endianness is LoadEndianness.BIG else "little"


@final
class set_default_mmap_options:
    """How ``load(mmap=True)`` maps: MAP_PRIVATE (writes stay in memory) or MAP_SHARED.

    A call sets it for good, a ``with`` block for its length. Raises ValueError for other flags.
    """

    def __init__(self, flags: int) -> None:
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE "
                f"or mmap.MAP_SHARED, but got {flags}"
            )
        self.before = load.mmap_flags
        load.mmap_flags = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: Any) -> None:
        load.mmap_flags = self.before


def get_default_mmap_options() -> int:
    """MAP_PRIVATE or MAP_SHARED."""
    return load.mmap_flags


def set_crc32_options(compute_crc32: bool) -> None:
    """Whether ``save`` writes checksums; ``load`` checks those that are there."""
    save.compute_crc32 = bool(compute_crc32)


def get_crc32_options() -> bool:
    """Whether ``save`` writes checksums."""
    return save.compute_crc32


@final
class skip_data:
    """A ``with`` block in which ``save`` leaves room for storages and ``load`` leaves them zero.

    Whoever copies the bytes in later need not hold all of a checkpoint in memory.
    """

    def __init__(self, materialize_fake_tensors: bool = False) -> None:
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self) -> None:
        self.before = skips_data()
        _here.skip = True

    def __exit__(self, *exception: Any) -> None:
        _here.skip = self.before


def skips_data() -> bool:
    """Whether this thread is in a ``skip_data`` block."""
    return bool(getattr(_here, "skip", False))
