"""The printed form of sparse tensors."""

from __future__ import annotations

from typing import Any


def text(tensor: Any) -> str:
    """How a sparse tensor prints."""
    places = repr(tensor._places).replace("\n", "\n" + " " * 15)
    if not tensor._nnz():
        places = f"tensor([], size={tuple(tensor._places.shape)})"
    elements = repr(tensor._elements.detach())
    elements = elements.replace("\n", "\n" + " " * 14)
    if not tensor._nnz():
        elements = f"tensor([], size={tuple(tensor._elements.shape)})"
    kind = "" if ", dtype=" not in elements else f"dtype={tensor.dtype!r}, "
    elements = elements.replace(f", dtype={tensor.dtype!r}", "")
    written = (
        f"tensor(indices={places},\n       values={elements},\n       "
        f"size={tuple(tensor._sizes)}, nnz={tensor._nnz()}, {kind}layout=torch.sparse_coo"
    )
    if tensor._is_root:
        written += ", requires_grad=True"
    elif tensor.requires_grad:
        written += ",\n       grad_fn=<SparseCooTensorWithDimsAndTensorsBackward0>"
    head = "Parameter containing:\n" if getattr(tensor, "_is_param", False) else ""
    return f"{head}{written})"
