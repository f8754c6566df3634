"""``torch.storage``: the memory that tensors look at."""

from __future__ import annotations

from rushlight.tensor.storage_names import TypedStorage, UntypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]
