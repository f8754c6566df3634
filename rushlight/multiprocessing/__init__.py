"""torch.multiprocessing: Python's multiprocessing, through which tensors go in shared memory.

A tensor that is sent (by a Queue, a Pipe, as an argument of a spawned Process) is moved into shared
memory first, as PyTorch does: sender and receiver see each other's writes to it.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import *  # noqa: F403
from typing import Any

from rushlight.multiprocessing import reductions
from rushlight.multiprocessing.spawn import (
    ProcessContext,
    ProcessException,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)

__all__ = [
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
    *multiprocessing.__all__,  # type: ignore[attr-defined]
]

reductions.register()


def get_all_sharing_strategies() -> set[str]:
    """The ways to share memory: by file descriptor."""
    return {"file_descriptor"}


def get_sharing_strategy() -> str:
    """The way in use."""
    return "file_descriptor"


def set_sharing_strategy(new_strategy: str) -> None:
    """Choose the way. NotImplementedError for "file_system"."""
    if new_strategy == "file_system":
        raise NotImplementedError(
            "set_sharing_strategy('file_system'): Rushlight shares memory by file descriptor only"
        )
    if new_strategy != "file_descriptor":
        raise AssertionError(f"unknown sharing strategy {new_strategy!r}")


def __getattr__(name: str) -> Any:
    return getattr(multiprocessing, name)
