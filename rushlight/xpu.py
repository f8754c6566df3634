"""``torch.xpu``: there is no Intel device."""

from __future__ import annotations

from typing import Any


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Accepted: there is no device to seed."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to do."""


def synchronize(device: Any = None) -> None:
    """RuntimeError: there is nothing to wait for."""
    raise RuntimeError("torch.xpu.synchronize: there is no Intel device")


__all__ = [
    "device_count",
    "empty_cache",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]
