"""``torch.utils.hooks``: what registering a hook gives back."""

from __future__ import annotations

from rushlight.tensor.handle import RemovableHandle

__all__ = ["RemovableHandle"]
