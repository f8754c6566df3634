"""torch.save, torch.load and torch.serialization: checkpoints in PyTorch's file format."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from rushlight.serialization.allowlist import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)
from rushlight.serialization.layouts import find_layout as _get_layout  # noqa: F401 - pickles
from rushlight.serialization.load import load
from rushlight.serialization.locations import (
    default_restore_location,
    location_tag,
    register_package,
    validate_cuda_device,
)
from rushlight.serialization.save import DEFAULT_PROTOCOL, save
from rushlight.serialization.settings import (
    MAP_PRIVATE,
    MAP_SHARED,
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
    skip_data,
)
from rushlight.tensor.device import Device

__all__ = [
    "DEFAULT_PROTOCOL",
    "MAP_PRIVATE",
    "MAP_SHARED",
    "LoadEndianness",
    "SourceChangeWarning",
    "add_safe_globals",
    "clear_safe_globals",
    "default_restore_location",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "location_tag",
    "register_package",
    "safe_globals",
    "save",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
    "skip_data",
    "validate_cuda_device",
]


class SourceChangeWarning(Warning):
    """The class of a module saved whole has another text now (files before PyTorch 1.13)."""


# What ``load`` takes as map_location, for annotations.
MAP_LOCATION = Callable[[Any, str], Any] | Device | str | dict[str, str] | None


def __getattr__(name: str) -> Any:
    """The survey of a file's names is seldom asked for, and pickletools takes a while to import."""
    if name == "get_unsafe_globals_in_checkpoint":
        return import_module("rushlight.serialization.survey").get_unsafe_globals_in_checkpoint
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
