"""``torch.distributed.rpc``: calls between machines, which are left out."""

from __future__ import annotations

from typing import Any

from rushlight.base.left_out import LeftOut


def is_available() -> bool:
    """False."""
    return False


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.distributed.rpc' has no attribute '{name}'")
    raise LeftOut(f"torch.distributed.rpc.{name} is left out of Rushlight: it is one process")
