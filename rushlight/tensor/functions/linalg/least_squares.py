"""Least squares, the pseudo-inverse, the rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ops import return_types
from rushlight.ops.kernels import refuse
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.linalg.register import linalg, settled
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def _limit(A: Tensor) -> float:
    """LAPACK's custom: the rounding of one operation times the larger side."""
    real = A.dtype.to_real().np
    return float(np.finfo(real).eps) * max(A.shape[-2:])


def _tolerance(A: Any, value: Any) -> Any:
    """A number or tensor as a tensor of A's real dtype."""
    kind = A.dtype.to_real()
    if isinstance(value, Tensor):
        return function("_to_dtype")(value, kind)
    return Tensor._from_array(np.asarray(value, kind.np))


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """(atol, rtol): rtol is the custom only where neither is given or atol is 0."""
    if rtol is None:
        if atol is None:
            rtol = _limit(A)
        elif isinstance(atol, Tensor):
            given = _tolerance(A, atol)
            rtol = function("where")(function("gt")(given, 0.0), 0.0, _limit(A))
        else:
            rtol = 0.0 if atol > 0 else _limit(A)
    return _tolerance(A, 0.0 if atol is None else atol), _tolerance(A, rtol)


@linalg
def pinv(
    input: Tensor, rcond: Tensor | float | None = None, hermitian: bool = False, *,
    atol: Tensor | float | None = None, rtol: Tensor | float | None = None,
) -> Tensor:  # fmt: skip
    """The pseudo-inverse: singular values up to max(atol, rtol * largest) count as 0."""
    if rcond is not None and not (atol is None and rtol is None):
        raise TypeError("pinv(): takes rcond, or atol and rtol, not both")
    if input.ndim < 2 or not (input.dtype.is_floating_point or input.dtype.is_complex):
        sizes = ", ".join(map(str, input.shape))
        raise RuntimeError(
            f"linalg.pinv({legacy_name(input.dtype)}{{[{sizes}]}}): expected a tensor with 2 or "
            "more dimensions of float, double, cfloat or cdouble types"
        )
    low, high = _tolerances(input, atol, rcond if rtol is None else rtol)
    made: Tensor = function("_pinv")(input, low, high, bool(hermitian))
    return made


@public(method=True)
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """``linalg.pinv`` with a fixed tolerance."""
    return pinv(input, rcond)


@linalg
def matrix_rank(
    input: Tensor, tol: Tensor | float | None = None, hermitian: bool = False, *,
    atol: Tensor | float | None = None, rtol: Tensor | float | None = None,
) -> Tensor:  # fmt: skip
    """How many singular values are above max(atol, rtol * the largest)."""
    if tol is not None and not (atol is None and rtol is None):
        raise TypeError("matrix_rank(): takes tol, or atol and rtol, not both")
    if input.ndim < 2:
        raise RuntimeError(
            "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions."
        )
    refuse("lapack", input.dtype)
    made: Any
    if not input.numel():  # type: ignore[attr-defined]
        made = input.new_zeros(input.shape[:-2])  # type: ignore[attr-defined]
        return made.long()  # type: ignore[no-any-return]
    if tol is not None:
        atol, rtol = tol, 0.0
    low, high = _tolerances(input, atol, rtol)
    given = function("_conj")(input.detach())  # type: ignore[attr-defined]
    if hermitian:
        values = function("abs")(function("_eigh")(given, "L")[0])
    else:
        values = function("_svdvals")(given)
    largest = function("amax")(values, -1)
    cut: Any = function("maximum")(low, function("mul")(high, largest))
    above = function("gt")(values, cut.unsqueeze(-1))
    made = function("sum")(above, -1)
    return made  # type: ignore[no-any-return]


def _meant(A: Tensor, rcond: float, driver: str) -> float:
    """The limit that LAPACK works with where ``rcond`` is none."""
    rounding = float(np.finfo(A.dtype.to_real().np).eps) / 2
    if driver == "gelsy":
        return min(rcond, 1 - rounding)  # the first column always counts
    none = rcond < 0 or (driver == "gelsd" and not 0 < rcond < 1)
    return rounding if none else rcond


@linalg
def lstsq(
    input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> Any:
    """(solution, residuals, rank, singular_values) of the least squares of A X = b.

    ``residuals`` are there where A is tall and of full rank, the driver knowing its rank;
    ``singular_values`` for the drivers that compute them.
    """
    who = "torch.linalg.lstsq"
    if input.ndim < 2:
        raise RuntimeError(f"{who}: input must have at least 2 dimensions.")
    if b.ndim < 1:
        raise RuntimeError(f"{who}: other must have at least 1 dimension.")
    if input.dtype is not b.dtype:
        raise RuntimeError(
            f"{who}: Expected input and other to have the same dtype, but got input's dtype "
            f"{legacy_name(input.dtype)} and other's dtype {legacy_name(b.dtype)}"
        )
    if not 0 <= input.ndim - b.ndim <= 1:
        raise RuntimeError(
            f"{who}: input.dim() must be greater or equal to other.dim() and "
            "(input.dim() - other.dim()) <= 1"
        )
    how = "gelsy" if driver is None else driver.lower()
    if how not in _DRIVERS:
        raise RuntimeError(
            f"{who}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    refuse("lapack", input.dtype)
    vector = input.ndim - 1 == b.ndim and input.shape[:-1] == b.shape
    given: Any = function("unsqueeze")(b, -1) if vector else b
    if given.ndim < 2 or input.shape[-2] != given.shape[-2]:
        raise RuntimeError(f"{who}: input.size(-2) should match other.size(-2)")
    m, n = input.shape[-2:]
    # gels takes A to be of full rank and asks for no limit.
    limit = _limit(input) if rcond is None or how == "gels" else _meant(input, rcond, how)
    a: Any = input
    empty = a.new_zeros(0, dtype=a.dtype.to_real())
    rank: Any = a.new_zeros(0).long()
    values = empty
    solution: Any
    if how == "gelsy" and a.dtype.is_floating_point and a.shape[:-2] == given.shape[:-2]:
        solution, rank = function("_least_squares")(input, given, limit)
    else:
        solution = function("matmul")(pinv(input, limit), given)
        if how != "gels":
            rank = matrix_rank(input, atol=0.0, rtol=limit)
    if how in ("gelsd", "gelss"):
        values = settled(function("_svdvals")(a.detach()))
    # No numbers where there are none, but with a gradient where the solution has one.
    flat: Any = function("reshape")(solution, (-1,))[:0]
    residuals = function("abs")(flat)
    if m > n and how != "gelsy" and (how == "gels" or bool((rank == n).all())):
        gap = function("sub")(function("matmul")(input, solution), given)
        size: Any = function("abs")(gap)
        residuals = (size * size).sum(-2)
    if vector:
        solution = solution.squeeze(-1)
    return return_types.linalg_lstsq(solution, residuals, rank, values)
