"""``torch.sparse``: products, sums and softmax of sparse tensors in coordinate form.

>>> import rushlight as torch
>>> a = torch.sparse_coo_tensor([[0, 1], [1, 0]], [2.0, 3.0], (2, 2))
>>> torch.sparse.mm(a, torch.ones(2, 1))
tensor([[2.],
        [3.]])
"""

from __future__ import annotations

from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn_once
from rushlight.tensor.device import require_cpu
from rushlight.tensor.functions.sparse import sparse_coo_tensor
from rushlight.tensor.sparse.coo import SparseTensor
from rushlight.tensor.sparse.forms import normalised, total
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def mm(mat1: Tensor, mat2: Tensor, reduce: str = "sum") -> Tensor:
    """The product of a sparse and a dense matrix."""
    if reduce != "sum":
        raise NotImplementedError(f"torch.sparse.mm with reduce={reduce!r}: only 'sum'")
    product: Tensor = function("mm")(mat1, mat2)
    return product


def addmm(
    mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1.0, alpha: float = 1.0
) -> Tensor:
    """beta * mat + alpha * (mat1 @ mat2), mat1 sparse."""
    found: Tensor = function("addmm")(mat, mat1, mat2, beta=beta, alpha=alpha)
    return found


def sum(input: Tensor, dim: Any = None, dtype: DType | None = None) -> Tensor:
    """The sum of the elements that are kept: all, or over axes."""
    _require_sparse(input, "sum")
    found: Tensor = total(input, dim, False, dtype)  # type: ignore[arg-type]
    return found


def softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Softmax over the elements that are kept."""
    _require_sparse(input, "softmax")
    return normalised(input if dtype is None else input.to(dtype), dim, False)  # type: ignore[attr-defined]


def log_softmax(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """The logarithm of ``softmax``."""
    _require_sparse(input, "log_softmax")
    return normalised(input if dtype is None else input.to(dtype), dim, True)  # type: ignore[attr-defined]


def _require_sparse(input: Tensor, who: str) -> None:
    if not isinstance(input, SparseTensor):
        raise RuntimeError(f"torch.sparse.{who}: expected a sparse tensor, got a dense one")


class _LegacySparse(type):
    """``torch.sparse.FloatTensor``: an older name of ``sparse_coo_tensor``, for one dtype."""

    dtype: DType

    def __call__(cls, *args: Any, device: Any = None) -> Tensor:
        require_cpu(device)
        warn_once(
            "torch.sparse.SparseTensor(indices, values, shape, *, device=) is deprecated.  Please "
            "use torch.sparse_coo_tensor(indices, values, shape, dtype=, device=)."
        )
        if args and all(isinstance(each, int) for each in args):
            return sparse_coo_tensor(args, dtype=cls.dtype)
        if len(args) == 1:
            return sparse_coo_tensor(tuple(args[0]), dtype=cls.dtype)
        if len(args) > 1 and args[1].dtype is not cls.dtype:
            raise TypeError(f"expected values of dtype {cls.dtype}, got {args[1].dtype}")
        return sparse_coo_tensor(*args)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, SparseTensor) and instance.dtype is cls.dtype


def _legacy(name: str, kind: DType) -> Any:
    return _LegacySparse(name, (), {"dtype": kind, "__module__": "torch.sparse"})


FloatTensor = _legacy("FloatTensor", dtypes.float32)
DoubleTensor = _legacy("DoubleTensor", dtypes.float64)
LongTensor = _legacy("LongTensor", dtypes.int64)
IntTensor = _legacy("IntTensor", dtypes.int32)

__all__ = [
    "DoubleTensor", "FloatTensor", "IntTensor", "LongTensor", "addmm", "log_softmax", "mm",
    "softmax", "sum",
]  # fmt: skip
