"""``torch.utils.hooks``: what registering a hook gives back, and what is said of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.tensor.handle import RemovableHandle

__all__ = ["RemovableHandle", "unserializable_hook"]


def unserializable_hook(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator: ``torch.save`` does not warn that this hook of a tensor stays behind."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f
