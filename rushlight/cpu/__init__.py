"""torch.cpu: the CPU in the words that programs use for accelerators."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from rushlight.cpu import amp

__all__ = [
    "amp",
    "current_device",
    "current_stream",
    "device_count",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]


def is_available() -> bool:
    """True."""
    return True


def is_initialized() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """ "cpu"."""
    return "cpu"


def set_device(device: Any) -> None:
    """Nothing to choose."""


def synchronize(device: Any = None) -> None:
    """Nothing to wait for: values are computed when they are read."""


class Stream:
    """A queue of work, of which the CPU has one."""

    def __init__(self, priority: int = -1) -> None:
        pass

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""


_only = Stream()


def current_stream(device: Any = None) -> Stream:
    """The only one."""
    return _only


def stream(stream: Any) -> Any:
    """A context manager that does nothing."""
    return nullcontext()
