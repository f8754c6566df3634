"""Singular values of large matrices from a few random products: svd_lowrank, pca_lowrank.

Halko, Martinsson and Tropp 2009, "Finding structure with randomness" (algorithm 5.1).
"""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions.linalg.register import LINALG, adjoint
from rushlight.tensor.functions.register import public
from rushlight.tensor.random import randn
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _basis(A: Any, q: int, niter: int) -> Any:
    """Columns that span nearly what A does, from ``q`` random combinations of its columns."""
    multiply = function("matmul")
    found = function("_qr")(multiply(A, randn(A.shape[-1], q, dtype=A.dtype)), "reduced")[0]
    for _ in range(niter):
        found = function("_qr")(multiply(adjoint(A), found), "reduced")[0]
        found = function("_qr")(multiply(A, found), "reduced")[0]
    return found


@public()
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V) with A - M about U diag(S) V^H, of rank ``q``; from random products.

    >>> import rushlight as torch
    >>> torch.svd_lowrank(torch.eye(5), q=2)[1].shape
    torch.Size([2])
    """
    x: Any = A if M is None else function("sub")(A, M)
    wide = x.shape[-2] < x.shape[-1]
    if wide:
        x = adjoint(x)
    basis = _basis(x, 6 if q is None else q, 2 if niter is None else niter)
    u, s, vh = LINALG["svd"](function("matmul")(adjoint(basis), x), full_matrices=False)
    left, right = function("matmul")(basis, u), adjoint(vh)
    return (right, s, left) if wide else (left, s, right)


@public()
def pca_lowrank(
    A: Tensor, q: int | None = None, center: object = True, niter: int = 2
) -> tuple[Tensor, Tensor, Tensor]:
    """(U, S, V): principal components of rows (columns centred) as columns of V.

    >>> import rushlight as torch
    >>> torch.pca_lowrank(torch.eye(5), q=2)[2].shape
    torch.Size([5, 2])
    """
    if not A.dtype.is_floating_point and not A.dtype.is_complex:
        raise ValueError(f"input must be a floating point tensor, got {A.dtype}")
    small = min(A.shape[-2:])
    if q is None:
        q = min(6, small)
    elif not 0 <= q <= small:
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={small}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    given: Any = A
    if center:
        given = function("sub")(A, function("mean")(A, -2, True))
    return svd_lowrank(given, q, niter)  # type: ignore[no-any-return]
