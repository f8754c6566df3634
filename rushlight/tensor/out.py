"""``out=``: results written to a tensor of the caller's."""

from __future__ import annotations

from typing import Any

from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.tensor.kinds import can_cast, convert, type_name
from rushlight.tensor.tensor import Tensor


def _require_resizable(out: Tensor, result: Tensor) -> None:
    """Memory that belongs to somebody else (an array) does not grow."""
    held = out._value if out._storage is None else out._storage.value
    buffer = held.buffer
    if buffer is not None and buffer.owner is not None and (
        result._value.meta.nbytes > held.meta.nbytes
    ):  # fmt: skip
        raise RuntimeError("Trying to resize storage that is not resizable")


def write_out(who: str, out: Any, result: Tensor) -> Tensor:
    """``out=``: resize if needed, check that the dtype can hold the result, write."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{who}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if local.trace.grad and (out.requires_grad or result._edge is not None):
        raise RuntimeError(
            f"{who}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    out._require_normal()
    if not can_cast(result.dtype, out.dtype):
        raise RuntimeError(
            f"result type {type_name(result.dtype)} can't be cast to the desired output type "
            f"{type_name(out.dtype)}"
        )
    if out._storage is not None and out._layout.overlaps:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    result = convert(result, out.dtype)
    if out.shape != result.shape:
        _require_resizable(out, result)
        if out._value.meta.nbytes:
            warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(out.shape)}, which does not match the required output shape "
                f"{list(result.shape)}. Give out= an empty tensor (t.resize_(0)) to have it sized."
            )
        out._take_over(result)
        return out
    out._assign(result)
    return out
