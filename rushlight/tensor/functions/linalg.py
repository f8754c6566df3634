"""torch.linalg, and the norms and decompositions that also live in torch and on Tensor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim
from rushlight.ops.linalg import LinAlgError
from rushlight.ops.return_types import _return_type
from rushlight.tensor.functions.register import public, with_out
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_Qr = _return_type("linalg_qr", "Q", "R")
_Svd = _return_type("linalg_svd", "U", "S", "Vh")
_OldSvd = _return_type("svd", "U", "S", "V")
_Eigh = _return_type("linalg_eigh", "eigenvalues", "eigenvectors")
_Slogdet = _return_type("linalg_slogdet", "sign", "logabsdet")
_OldSlogdet = _return_type("slogdet", "sign", "logabsdet")

LINALG: dict[str, Callable[..., Any]] = {}


def _linalg(made: Callable[..., Any]) -> Callable[..., Any]:
    writes = "out" in inspect.signature(made).parameters
    LINALG[made.__name__.rstrip("_")] = made if writes else with_out(made)
    return made


def _turned(x: Tensor) -> Tensor:
    out: Tensor = function("transpose")(x, -2, -1)
    return out


# Norms


@_linalg
def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(sum |x|**ord)**(1/ord) over dims."""
    axes = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    made: Tensor = function("_vector_norm")(x, float(ord), axes, keepdim, dtype)
    return made if out is None else out.copy_(made)  # type: ignore[attr-defined, no-any-return]


@_linalg
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """A norm of each matrix: "fro", "nuc", 1, -1, inf, -inf (sums of rows, columns), 2, -2."""
    if A.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    rows, columns = (normalize_dim(each, A.ndim) for each in dim)
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim, dtype=dtype)
    if ord in ("nuc", 2, -2):
        moved = function("movedim")(A, (rows, columns), (-2, -1))
        values = svdvals(moved)
        if ord == "nuc":
            out: Tensor = function("sum")(values, -1)
        else:
            out = function("amax" if ord == 2 else "amin")(values, -1)
    else:
        if ord not in (1, -1, float("inf"), -float("inf")):
            raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
        along, over = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = function("sum")(function("abs")(A), along, True)
        out = function("amax" if ord > 0 else "amin")(sums, over, True)
        return out if keepdim else function("squeeze")(out, (rows, columns))
    if keepdim:
        for axis in sorted((rows, columns)):
            out = function("unsqueeze")(out, axis)
    return out


@_linalg
def norm_(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """A vector norm, or a matrix norm where ``ord`` or two dims say so."""
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if isinstance(ord, str) or (isinstance(dim, (list, tuple)) and len(dim) == 2) or (
        dim is None and A.ndim == 2
    ):  # fmt: skip
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


# Inverse, determinant, solve


@_linalg
def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices. Raises LinAlgError at run time where there is none."""
    out: Tensor = function("inverse")(A)
    return out


@_linalg
def det(A: Tensor) -> Tensor:
    """The determinant."""
    out: Tensor = function("det")(A)
    return out


@_linalg
def slogdet(A: Tensor) -> Any:
    """(sign, log |det|)."""
    return _Slogdet(*function("_slogdet")(A))


@public(method=True, name="slogdet")
def _slogdet(input: Tensor) -> Any:
    return _OldSlogdet(*function("_slogdet")(input))


@public(method=True)
def logdet(input: Tensor) -> Tensor:
    """log det; nan where the determinant is negative."""
    out: Tensor = function("log")(function("det")(input))
    return out


@_linalg
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B (``left=False``: X A = B); B may be a vector or a batch of vectors."""
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector:
        column = function("_solve")(A if left else _turned(A), function("unsqueeze")(B, -1))
        out: Tensor = function("squeeze")(column, -1)
        return out
    if left:
        return function("_solve")(A, B)
    return _turned(function("_solve")(_turned(A), _turned(B)))


@_linalg
def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: Any = None) -> Any:
    """The least-squares solution of A X = B as the first of a named tuple."""
    solution = function("matmul")(pinv(A), B)
    return _return_type("linalg_lstsq", "solution", "residuals", "rank", "singular_values")(
        solution,
        B.new_zeros(0),
        B.new_zeros(0),
        B.new_zeros(0),  # type: ignore[attr-defined]
    )


@_linalg
def pinv(A: Tensor, rtol: Any = None, hermitian: bool = False) -> Tensor:
    """The pseudo-inverse, by singular values."""
    u, s, vh = svd(A, full_matrices=False)
    limit = max(A.shape[-2:]) * (2.0**-52 if A.dtype.name == "float64" else 2.0**-23)
    cut = function("amax")(s, -1, True) * (limit if rtol is None else rtol)
    kept = function("gt")(s, cut)
    safe = function("where")(kept, s, 1.0)
    inverse = function("where")(kept, function("reciprocal")(safe), 0.0)
    scaled = _turned(vh) * function("unsqueeze")(inverse, -2)  # type: ignore[operator]
    out: Tensor = function("matmul")(scaled, _turned(u))
    return out


public(method=True, name="pinverse")(pinv)


@_linalg
def matrix_rank(A: Tensor, *, tol: Any = None, hermitian: bool = False) -> Tensor:
    """How many singular values are above the tolerance."""
    values = svdvals(A)
    limit = max(A.shape[-2:]) * (2.0**-52 if A.dtype.name == "float64" else 2.0**-23)
    cut = function("amax")(values, -1, True) * limit if tol is None else tol
    out: Tensor = function("sum")(function("gt")(values, cut), -1)
    return out


@_linalg
def matrix_power(A: Tensor, n: int) -> Tensor:
    """A times itself n times; negative: of the inverse."""
    if n == 0:
        size = A.shape[-1]
        eye = function("_eye")(size, size, A.dtype)
        same: Tensor = function("expand")(eye, *A.shape)
        return function("clone")(same)  # type: ignore[no-any-return]
    base = inv(A) if n < 0 else A
    left, result = abs(n), None
    while left:
        if left & 1:
            result = base if result is None else function("matmul")(result, base)
        left >>= 1
        if left:
            base = function("matmul")(base, base)
    assert result is not None
    return result


public(method=True)(matrix_power)


@_linalg
def multi_dot(tensors: Any) -> Tensor:
    """The product of matrices, from left to right."""
    product = tensors[0]
    for each in tensors[1:]:
        product = function("matmul")(product, each)
    made: Tensor = product
    return made


# Factorisations


@_linalg
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The triangular factor of positive-definite matrices."""
    out: Tensor = function("_cholesky")(A, bool(upper))
    return out


@public(method=True, name="cholesky")
def _cholesky(input: Tensor, upper: bool = False) -> Tensor:
    return cholesky(input, upper=upper)  # type: ignore[no-any-return]


@_linalg
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """(Q, R): orthogonal columns times upper triangular."""
    return _Qr(*function("_qr")(A, mode))


@public(method=True, name="qr")
def _qr(input: Tensor, some: bool = True) -> Any:
    return _return_type("qr", "Q", "R")(*function("_qr")(input, "reduced" if some else "complete"))


@_linalg
def svd(A: Tensor, full_matrices: bool = True) -> Any:
    """(U, S, Vh) with A = U diag(S) Vh."""
    return _Svd(*function("_svd")(A, bool(full_matrices)))


@public(method=True, name="svd")
def _svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    u, s, vh = function("_svd")(input, not some)
    return _OldSvd(u, s, _turned(vh))


@_linalg
def svdvals(A: Tensor) -> Tensor:
    """The singular values in falling order."""
    out: Tensor = function("_svd")(A, False)[1]
    return out


@_linalg
def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues in rising order, eigenvectors as columns) of symmetric matrices."""
    return _Eigh(*function("_eigh")(A, UPLO))


@_linalg
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices in rising order."""
    out: Tensor = function("_eigh")(A, UPLO)[0]
    return out


@_linalg
def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number: largest over smallest singular value, or by another norm."""
    if p in (None, 2):
        values = svdvals(A)
        out: Tensor = function("amax")(values, -1) / function("amin")(values, -1)
        return out
    return matrix_norm(A, p) * matrix_norm(inv(A), p)  # type: ignore[operator]


@_linalg
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonal of the last two axes, as a view."""
    out: Tensor = function("diagonal")(A, offset, dim1, dim2)
    return out


@_linalg
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along ``dim``."""
    out: Tensor = function("cross")(input, other, dim)
    return out


@_linalg
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """torch.matmul."""
    out: Tensor = function("matmul")(input, other)
    return out


@_linalg
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of products along ``dim``."""
    out: Tensor = function("sum")(function("mul")(x, y), dim)
    return out


__all__ = ["LINALG", "LinAlgError", "norm"]
