"""Kinds of tensors that PyTorch saves and Rushlight has not: naming one is a clear error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KINDS = {
    "torch._utils._rebuild_qtensor": "quantised",
    "torch._utils._rebuild_nested_tensor": "nested",
    "torch._utils._rebuild_device_tensor_from_numpy": "accelerator's",
    "torch._utils._rebuild_wrapper_subclass": "wrapper",
}


def _refusal(kind: str) -> Callable[..., Any]:
    def refuse(*args: object) -> Any:
        raise NotImplementedError(
            f"torch.load: the file holds a {kind} tensor; Rushlight has none of those yet"
        )

    return refuse


# Full name in the file -> what raises when it is called.
ABSENT = {name: _refusal(kind) for name, kind in KINDS.items()}
