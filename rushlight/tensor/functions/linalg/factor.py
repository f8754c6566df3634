"""Factorisations: cholesky, qr, svd, eigenvalues."""

from __future__ import annotations

from typing import Any

from rushlight.base.warn import warn_once
from rushlight.engine.trace import local
from rushlight.ops import return_types
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.linalg.register import adjoint, linalg, require_system, settled
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@linalg
def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The triangular factor of positive-definite matrices. Raises LinAlgError for others."""
    return settled(function("_cholesky")(input, bool(upper), "linalg.cholesky"))  # type: ignore[no-any-return]


@public(method=True, out=True, name="cholesky")
def _cholesky(input: Tensor, upper: bool = False) -> Tensor:
    warn_once(
        "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a "
        "future PyTorch release: its L is this one's, whose mH is the U of upper=True."
    )
    return settled(function("_cholesky")(input, bool(upper), "cholesky"))  # type: ignore[no-any-return]


@linalg
def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): info is 0 where the matrix is positive-definite."""
    if check_errors:
        settled(function("_cholesky")(input, bool(upper), "linalg.cholesky_ex"))
    return return_types.linalg_cholesky_ex(*function("_cholesky_ex")(input, bool(upper)))


@public(method=True, out=True)
def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of L L^H (``upper``: of U^H U), given the factor."""
    if input.ndim < 2:
        raise RuntimeError("cholesky_inverse: The input tensor A must have at least 2 dimensions.")
    eye = function("_eye")(input.shape[-1], input.shape[-1], input.dtype)
    made: Tensor = cholesky_solve(eye, input, upper)
    return made


@public(method=True, out=True)
def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """X with L L^H X = ``input`` (``upper``: U^H U), given the factor L as ``input2``."""
    if input.ndim < 2:
        raise RuntimeError(f"b should have at least 2 dimensions, but has {input.ndim} dimensions "
                           "instead")  # fmt: skip
    if input2.ndim < 2:
        raise RuntimeError(f"u should have at least 2 dimensions, but has {input2.ndim} dimensions "
                           "instead")  # fmt: skip
    require_system("cholesky_solve", input, input2)
    made: Tensor = function("_cholesky_solve")(input, input2, bool(upper))
    return made


@linalg
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """(Q, R): orthogonal columns times upper triangular."""
    return return_types.linalg_qr(*function("_qr")(A, mode))


@public(method=True, out=True, name="qr")
def _qr(input: Tensor, some: bool = True) -> Any:
    warn_once(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future "
        "PyTorch release: its mode is 'reduced' where some is true, else 'complete'."
    )
    return return_types.qr(*function("_qr")(input, "reduced" if some else "complete"))


@public(method=True, out=True)
def geqrf(input: Tensor) -> Any:
    """(the reflectors below R, their factors tau): what ``qr`` is made of."""
    return return_types.geqrf(*function("_geqrf")(input))


@linalg
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """(U, S, Vh) with A = U diag(S) Vh."""
    _require_no_driver("svd", driver)
    return return_types.linalg_svd(*settled(function("_svd")(A, bool(full_matrices))))


def _require_no_driver(who: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(
            f"torch.linalg.{who}: keyword argument `driver=` is only supported on CUDA inputs with "
            "cuSOLVER backend."
        )


@public(method=True, out=True, name="svd")
def _svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        m, n = input.shape[-2:]
        lead = tuple(input.shape[:-2])
        values = settled(function("_svdvals")(input))
        return return_types.svd(input.new_zeros(*lead, m, m), values, input.new_zeros(*lead, n, n))
    u, s, vh = settled(function("_svd")(input, not some))
    return return_types.svd(u, s, adjoint(vh))


@linalg
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values in falling order."""
    _require_no_driver("svdvals", driver)
    return settled(function("_svdvals")(A))  # type: ignore[no-any-return]


@linalg
def eig(input: Tensor) -> Any:
    """(eigenvalues, eigenvectors as columns) of square matrices, complex."""
    return return_types.linalg_eig(*settled(function("_eig")(input)))


@linalg
def eigvals(input: Tensor) -> Tensor:
    """The eigenvalues of square matrices, complex."""
    return settled(function("_eig")(input))[0]  # type: ignore[no-any-return]


@linalg
def eigh(input: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues in rising order, eigenvectors as columns) of symmetric matrices."""
    return return_types.linalg_eigh(*settled(function("_eigh")(input, UPLO)))


@linalg
def eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices in rising order."""
    return settled(function("_eigh")(input, UPLO))[0]  # type: ignore[no-any-return]


@linalg
def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of reflectors that ``geqrf`` gives."""
    who = "torch.linalg.householder_product"
    if input.ndim < 2:
        raise RuntimeError(f"{who}: input must have at least 2 dimensions.")
    if tau.ndim != input.ndim - 1:
        raise RuntimeError(
            f"{who}: Expected tau to have one dimension less than input, but got tau.ndim equal to "
            f"{tau.ndim} and input.ndim is equal to {input.ndim}"
        )
    if input.shape[-2] < input.shape[-1]:
        raise RuntimeError(
            f"{who}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if input.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"{who}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if input.dtype is not tau.dtype:
        raise RuntimeError(f"{who}: tau dtype {tau.dtype} does not match input dtype {input.dtype}")
    made: Tensor = function("_householder")(input, tau)
    if made._edge is None and input._edge is not None and not tau.shape[-1] and local.trace.grad:
        # Of no reflectors at all the slope is zero.
        made = function("_in_place_of")(input, made, "LinalgHouseholderProduct")
    return made


@public(method=True, out=True)
def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """``linalg.householder_product``."""
    return householder_product(input, input2)


@public(method=True, out=True)
def ormqr(
    input: Tensor, input2: Tensor, input3: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """Q times ``input3`` (or Q^H if ``transpose``, or from the right); Q from ``geqrf``, whose
    reflectors are ``input`` and whose factors ``input2``."""
    if input.ndim < 2 or input3.ndim < 2:
        name = "input" if input.ndim < 2 else "other"
        raise RuntimeError(f"torch.ormqr: {name} must have at least 2 dimensions.")
    for name, each in (("tau", input2), ("other", input3)):
        if each.dtype is not input.dtype:
            raise RuntimeError(
                f"torch.ormqr: Expected input and {name} to have the same dtype, but input has "
                f"dtype {legacy_name(input.dtype)} and {name} has dtype {legacy_name(each.dtype)}"
            )
    made: Tensor = function("_ormqr")(input, input2, input3, bool(left), bool(transpose))
    return made
