"""``torch.storage``: the memory that tensors look at."""

from __future__ import annotations

import io
from typing import Any

from rushlight.serialization.load import load
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage

__all__ = ["TypedStorage", "UntypedStorage", "_load_from_bytes"]


def _load_from_bytes(b: bytes) -> Any:
    """What PyTorch's plain pickles hold in place of a storage: a checkpoint of one, as bytes."""
    return load(io.BytesIO(b), weights_only=False)
