"""Norms of vectors and matrices, and the condition number."""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.reduce.vector_norm import require_norm_dtype
from rushlight.tensor.functions.linalg.inverse import inv_of
from rushlight.tensor.functions.linalg.register import linalg
from rushlight.tensor.functions.register import public
from rushlight.tensor.numpy_names import also_named
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_ORDERS = (1, -1, 2, -2, math.inf, -math.inf)


@linalg
@also_named(input="x")
def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(sum |x|**ord)**(1/ord) over dims."""
    axes = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    made: Tensor = function("_vector_norm")(x, float(ord), axes or None if axes == () else axes,
                                            keepdim, dtype)  # fmt: skip
    return made if out is None else write_out("linalg_vector_norm", out, made)


def _two_dims(A: Tensor, dim: Any) -> tuple[int, int]:
    given = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(given) != 2:
        told = ", ".join(map(str, given))
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {told}")
    rows, columns = (normalize_dim(each, A.ndim) for each in given)
    if rows == columns:
        raise RuntimeError(
            f"linalg.matrix_norm: dims must be different. Got ({given[0]}, {given[1]})"
        )
    return rows, columns


def _require_matrices(A: Tensor) -> None:
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    if not (A.dtype.is_floating_point or A.dtype.is_complex):
        raise RuntimeError(
            "linalg.matrix_norm: Expected a floating point or complex tensor as input. Got "
            f"{legacy_name(A.dtype)}"
        )


@linalg
@also_named(input="A")
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """A norm of each matrix: "fro", "nuc", 1, -1, inf, -inf (sums of rows, columns), 2, -2."""
    _require_matrices(A)
    if ord not in _ORDERS and ord not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rows, columns = _two_dims(A, dim)
    if dtype is not None:
        require_norm_dtype("linalg.matrix_norm", A.dtype, dtype)
    x: Any = A if dtype is None else function("_to_dtype")(A, dtype)
    if ord == "fro":
        return vector_norm(x, 2, (rows, columns), keepdim)
    if ord in ("nuc", 2, -2):
        moved = function("movedim")(x, (rows, columns), (-2, -1))
        values = function("_svdvals")(moved)
        if ord == "nuc":
            out: Tensor = function("sum")(values, -1)
        else:
            out = function("amax" if ord == 2 else "amin")(values, -1)
        if keepdim:
            for axis in sorted((rows, columns)):
                out = function("unsqueeze")(out, axis)
        return out
    along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(x, 1, along, True)
    out = function("amax" if ord > 0 else "amin")(sums, over, True)
    return out if keepdim else function("squeeze")(out, (rows, columns))


@linalg
@also_named(input="A")
def norm_(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """A vector norm, or a matrix norm where ``ord`` or two dims say so."""
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None and A.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D."
        )
    two = isinstance(dim, (list, tuple)) and len(dim) == 2
    if isinstance(ord, str) or two or (dim is None and A.ndim == 2):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@public(method=True)
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """The p-norm over dims; "fro" is 2, "nuc" the sum of singular values."""
    if p == "nuc":
        made = matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
        return made if out is None else write_out("norm", out, made)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"only valid string values are 'fro' and 'nuc', found {p}")
    order = 2.0 if p in ("fro", None) else float(p)
    return vector_norm(input, order, dim, keepdim, dtype=dtype, out=out)


@linalg
@also_named(input="A")
def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number: largest over smallest singular value, or by another norm."""
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if p in (None, 2, -2):
        values: Any = function("_svdvals")(A)
        if not values.shape[-1]:
            made: Tensor = values.new_zeros(values.shape[:-1])
            return made
        ends = values[..., 0], values[..., -1]
        return ends[1] / ends[0] if p == -2 else ends[0] / ends[1]  # type: ignore[no-any-return]
    if A.ndim >= 2 and A.shape[-1] != A.shape[-2]:
        raise RuntimeError(
            f"linalg.cond(ord={p}): A must be batches of square matrices, but they are "
            f"{A.shape[-2]} by {A.shape[-1]} matrices"
        )
    inverse, info = inv_of(A)
    size: Any = matrix_norm(A, p) * matrix_norm(inverse, p)  # type: ignore[operator]
    return function("where")(function("eq")(info, 0), size, math.inf)  # type: ignore[no-any-return]
