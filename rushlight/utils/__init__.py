"""torch.utils: what surrounds training. Parts are imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rushlight.utils import data
from rushlight.utils.swap import swap_tensors

_PARTS = frozenset(
    {"_pytree", "benchmark", "checkpoint", "deterministic", "dlpack", "hooks", "model_zoo",
     "tensorboard"}
)  # fmt: skip

__all__ = ["data", "swap_tensors"]


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"rushlight.utils.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}'")
