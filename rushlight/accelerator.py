"""``torch.accelerator``: there is none, the CPU computes."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from rushlight.tensor.device import CPU, Device

_NONE = "torch.accelerator.{}: there is no accelerator, everything runs on the CPU"


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None: there is no accelerator."""


def synchronize(device: Any = None, /) -> None:
    """RuntimeError: there is nothing to wait for."""
    raise RuntimeError(_NONE.format("synchronize"))


def current_device_index() -> int:
    """RuntimeError: there is no accelerator."""
    raise RuntimeError(_NONE.format("current_device_index"))


def set_device_index(device: Any, /) -> None:
    """RuntimeError: there is no accelerator."""
    raise RuntimeError(_NONE.format("set_device_index"))


def current_stream(device: Any = None, /) -> Any:
    """RuntimeError: there is no accelerator."""
    raise RuntimeError(_NONE.format("current_stream"))


current_device_idx, set_device_idx = current_device_index, set_device_index


class device_index:
    """A device for a while: only None, which changes nothing."""

    def __init__(self, device: int | None, /) -> None:
        self.idx = device

    def __enter__(self) -> None:
        if self.idx is not None:
            raise RuntimeError(_NONE.format("device_index"))

    def __exit__(self, *details: object) -> None:
        """Nothing to undo."""


def empty_cache() -> None:
    """Nothing to do."""


def memory_allocated(device: Any = None, /) -> int:
    """0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def reset_peak_memory_stats(device: Any = None, /) -> None:
    """Nothing to do."""


def get_device_module(device: Any = None) -> ModuleType:
    """``torch.cpu``, ``torch.cuda`` and so on: the module of a device, of the CPU if not said."""
    kind = (CPU if device is None else Device(device)).type
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(f"Device '{kind}' does not have a corresponding module: torch.{kind}")
    return importlib.import_module(f"rushlight.{kind}")


__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "get_device_module",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "synchronize",
]  # fmt: skip
