"""What losses share: their mean, their sum or each of them."""

from __future__ import annotations

from rushlight.base.dtype import dtype as DType
from rushlight.ir.build import binary, const, reduce
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that the legacy flags mean where they are given."""
    if size_average is not None or reduce is not None:
        size_average = True if size_average is None else size_average
        reduce = True if reduce is None else reduce
        return "none" if not reduce else "mean" if size_average else "sum"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def require_dtype(target: Node, dtype: DType) -> None:
    """RuntimeError where the target has another dtype than the input."""
    if target.dtype is not dtype:
        raise RuntimeError(
            f"Found dtype {legacy_name(target.dtype)} but expected {legacy_name(dtype)}"
        )


def reduced(loss: Node, reduction: str) -> Node:
    """``loss`` as it is, its mean or its sum."""
    if reduction == "none":
        return loss
    total = reduce(loss, "sum", tuple(range(loss.ndim)))
    if reduction == "sum":
        return total
    return binary("div", total, const(loss.size, (), loss.dtype))
