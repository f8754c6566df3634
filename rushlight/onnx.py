"""``torch.onnx``: files of ONNX, which are not written."""

from __future__ import annotations

from typing import Any, NoReturn


def is_in_onnx_export() -> bool:
    """False: nothing is being exported."""
    return False


def export(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "torch.onnx.export: not part of Rushlight; torch.save the state_dict, which PyTorch reads "
        "and exports"
    )


__all__ = ["export", "is_in_onnx_export"]
