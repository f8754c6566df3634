"""Symmetric matrices as L D L^T: ldl_factor and the solution of systems with it."""

from __future__ import annotations

from typing import Any

from rushlight.engine.trace import local
from rushlight.ops import return_types
from rushlight.tensor.functions.linalg.register import linalg, require_system
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@linalg
def ldl_factor_ex(input: Tensor, *, hermitian: bool = False, check_errors: bool = False) -> Any:
    """(LD, pivots, info): info is 0, or the place of the first block of D that is zero."""
    made = return_types.linalg_ldl_factor_ex(*function("_ldl_factor")(input, bool(hermitian)))
    if check_errors:
        _require_no_zero("linalg.ldl_factor_ex", made.info)
    return made


@linalg
def ldl_factor(input: Tensor, *, hermitian: bool = False) -> Any:
    """(LD, pivots) of symmetric (or Hermitian) matrices."""
    made, pivots, info = function("_ldl_factor")(input, bool(hermitian))
    _require_no_zero("torch.linalg.ldl_factor", info)
    return return_types.linalg_ldl_factor(made, pivots)


def _require_no_zero(who: str, info: Any) -> None:
    if local.trace.abstract:
        return
    for place, each in enumerate(info.reshape(-1).tolist()):
        if each:
            where = f"(Batch element {place}): " if info.ndim else ""
            raise RuntimeError(
                f"{who}: {where}The diagonal element {each} is zero, so D has no inverse and the "
                "factors cannot be used to solve a system"
            )


@linalg
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False) -> Tensor:
    """X with A X = B, given the factors of A."""
    if B.ndim < 2:
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected B to have at least 2 dimensions, but it has "
            f"{B.ndim} dimensions instead"
        )
    if LD.ndim < 2 or LD.shape[-1] != LD.shape[-2]:
        raise RuntimeError(
            "torch.linalg.ldl_solve: LD must be batches of square matrices, but they are "
            f"{list(LD.shape[-2:])}"
        )
    if B.shape[-2] != LD.shape[-1]:
        raise RuntimeError(
            f"torch.linalg.ldl_solve: Incompatible shapes of A and B for the equation AX = B "
            f"({LD.shape[-2]}x{LD.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )
    require_system("torch.linalg.ldl_solve", B, LD)
    made: Tensor = function("_ldl_solve")(LD, pivots, B, bool(hermitian))
    return made
