"""``torch.cuda.nvtx``: marks for NVIDIA's profiler, which is not there."""

from __future__ import annotations

from typing import Any, NoReturn


def _refuse() -> NoReturn:
    raise RuntimeError(
        "NVTX functions not installed. Are you sure you have a CUDA build? Use "
        "torch.profiler.record_function to name a part of a program"
    )


def range_push(msg: str) -> int:
    """Raises RuntimeError."""
    _refuse()


def range_pop() -> int:
    """Raises RuntimeError."""
    _refuse()


def mark(msg: str) -> None:
    """Raises RuntimeError."""
    _refuse()


def range(msg: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises RuntimeError."""
    _refuse()
