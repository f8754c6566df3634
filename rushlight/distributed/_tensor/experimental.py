"""``torch.distributed._tensor.experimental``: tensors laid out over processes, which are absent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def implicit_replication() -> AbstractContextManager[Any]:
    """Raises NotImplementedError: a program here runs in a group of one process."""
    raise NotImplementedError(
        "torch.distributed.tensor.experimental.implicit_replication: no tensor is distributed; "
        "a group here is one process"
    )
