"""Lower times upper with rows exchanged: lu_factor, lu, lu_solve, and torch.lu."""

from __future__ import annotations

from typing import Any

from rushlight.engine.trace import local
from rushlight.ops import return_types
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.linalg.register import adjoint, linalg, turned
from rushlight.tensor.functions.register import public
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _require_pivot(who: str, pivot: bool) -> None:
    if not pivot:
        raise RuntimeError(f"linalg.{who}: LU without pivoting is not implemented on the CPU")


def _require_pivots_not_zero(who: str, info: Any) -> None:
    if local.trace.abstract:
        return
    for place, each in enumerate(info.reshape(-1).tolist()):
        if each:
            where = f"(Batch element {place}): " if info.ndim else ""
            raise RuntimeError(
                f"torch.linalg.{who}: {where}U[{each},{each}] is zero and using it on lu_solve "
                "would result in a division by zero. If you still want to perform the "
                "factorization, consider calling linalg.lu(A, pivot) or "
                "linalg.lu_factor_ex(A, pivot)"
            )


@linalg
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """(LU in one matrix, pivots). RuntimeError where a pivot is zero."""
    _require_pivot("lu_factor", pivot)
    made, pivots, info = function("_lu_factor")(A)
    _require_pivots_not_zero("lu_factor", info)
    return return_types.linalg_lu_factor(made, pivots)


@linalg
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """(LU in one matrix, pivots, info: the first zero pivot or 0)."""
    _require_pivot("lu_factor_ex", pivot)
    made = function("_lu_factor")(A)
    if check_errors:
        _require_pivots_not_zero("lu_factor_ex", made[2])
    return return_types.linalg_lu_factor_ex(*made)


@linalg
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """(P, L, U) with A = P L U."""
    _require_pivot("lu", pivot)
    p, low, up = function("_lu")(A)
    return return_types.linalg_lu(p.detach(), low, up)


@public(torch=True, method=True, name="lu")
def _lu(A: Tensor, pivot: bool = True, get_infos: object = False, out: Any = None) -> Any:
    """(LU, pivots), with ``info`` if asked."""
    _require_pivot("lu_factor", pivot)
    made, pivots, info = function("_lu_factor")(A)
    if not get_infos:
        _require_pivots_not_zero("lu_factor", info)
        found: Any = (made, pivots)
    else:
        found = return_types._lu_with_info(made, pivots, info)
    if out is None:
        return found
    for target, each in zip(out, found, strict=True):
        write_out("lu", target, each)
    return type(found)(*out) if get_infos else tuple(out)


@public(out=True)
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """(P, L, U) of what ``lu_factor`` gives; what is not asked for is empty."""
    if LU_pivots.dtype.name != "int32":
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype."
        )
    p, low, up = function("_lu_unpack")(LU_data, LU_pivots)
    empty: Any = LU_data.new_empty(0)  # type: ignore[attr-defined]
    return return_types.lu_unpack(
        p.detach() if unpack_pivots else empty,
        low if unpack_data else empty,
        up if unpack_data else empty,
    )


@linalg
def lu_solve_(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """X with A X = B for A = P L U as ``lu_factor`` gives it (``adjoint``: of A^H)."""
    made: Tensor = _solved(LU, pivots, B, left, adjoint)
    return made


def _solved(made: Any, pivots: Any, B: Any, left: bool, turn: bool) -> Any:
    if not left:  # X A = B is A^H X^H = B^H
        return adjoint(_solved(made, pivots, adjoint(B), True, not turn))
    p = function("_permutation")(pivots, made.shape[-1], made.dtype)
    if turn:
        half = function("_triangular")(adjoint(made), B, False, False)
        whole = function("_triangular")(adjoint(made), half, True, True)
        return function("matmul")(p, whole)
    half = function("_triangular")(made, function("matmul")(turned(p), B), False, True)
    return function("_triangular")(made, half, True, False)


@public(method=True, out=True)
def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """``linalg.lu_solve`` with the right side first."""
    if LU_pivots.shape != LU_data.shape[:-1]:
        raise RuntimeError(
            "linalg.lu_solve: Expected LU.shape[:-1] and pivots.shape to be the same, but got "
            f"pivots with shape {list(LU_pivots.shape)} instead"
        )
    if input.dtype is not LU_data.dtype:
        raise RuntimeError(
            "linalg.lu_solve: Expected LU and B to have the same dtype, but found LU of type "
            f"{legacy_name(LU_data.dtype)} and B of type {legacy_name(input.dtype)} instead"
        )
    made: Tensor = _solved(LU_data, LU_pivots, input, True, False)
    return made
