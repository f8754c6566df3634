"""Inverse, determinant, solution of systems."""

from __future__ import annotations

from typing import Any

from rushlight.base.warn import warn_once
from rushlight.ops import return_types
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.linalg.register import linalg, require_system, settled, turned
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def inv_of(A: Tensor) -> tuple[Any, Any]:
    """(the inverse, nan where there is none; info)."""
    made = function("_inv_ex")(A)
    return made[0], made[1]


@linalg
def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices. Raises LinAlgError where there is none."""
    made: Tensor = settled(function("_inverse")(A, "inv"))
    return made


@public(method=True, out=True)
def inverse(input: Tensor) -> Tensor:
    """``linalg.inv``."""
    made: Tensor = settled(function("_inverse")(input, "inv"))
    return made


@linalg
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """(inverse, info): info is 0 where the inverse exists, else the place of a zero pivot."""
    if check_errors:
        settled(function("_inverse")(A, "inv_ex"))
    return return_types.linalg_inv_ex(*inv_of(A))


@linalg
def det_(A: Tensor) -> Tensor:
    """The determinant."""
    made: Tensor = function("det")(A)
    return made


@linalg
def slogdet(A: Tensor) -> Any:
    """(sign, log |det|)."""
    return return_types.linalg_slogdet(*function("_slogdet")(A))


@public(method=True, out=True, name="slogdet")
def _slogdet(input: Tensor) -> Any:
    return return_types.slogdet(*function("_slogdet")(input))


@public(method=True)
def logdet(input: Tensor) -> Tensor:
    """log det; nan where the determinant is negative."""
    made: Tensor
    sign, size = function("_slogdet")(input)
    if input.dtype.is_complex:
        made = function("add")(function("log")(sign), size)
        return made
    made = function("where")(function("eq")(sign, -1.0), float("nan"), size)
    return made


def _is_vector(A: Tensor, B: Tensor) -> bool:
    return B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])


def _require_right_fit(A: Tensor, B: Tensor, who: str) -> None:
    if A.ndim >= 2 and B.shape[-1] != A.shape[-1]:
        raise RuntimeError(
            f"linalg.{who}: Incompatible shapes of A and B for the equation XA = B "
            f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )


@linalg
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B (``left=False``: X A = B); B may be a vector or a batch of vectors."""
    return settled(_solved(A, B, left, "solve"))  # type: ignore[no-any-return]


def _solved(A: Tensor, B: Tensor, left: bool, who: str) -> Any:
    if _is_vector(A, B):
        if not left:
            raise RuntimeError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for "
                "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
            )
        column = function("_solve")(A, function("unsqueeze")(B, -1), who)
        return function("squeeze")(column, -1)
    if left:
        return function("_solve")(A, B, who)
    _require_right_fit(A, B, "solve")
    return turned(function("_solve")(turned(A), turned(B), who))


@linalg
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """(result, info): info is 0 where the solution exists."""
    if check_errors:
        settled(_solved(A, B, left, "solve_ex"))
    if _is_vector(A, B):
        made, info = function("_solve_ex")(A, function("unsqueeze")(B, -1))
        return return_types.linalg_solve_ex(function("squeeze")(made, -1), info)
    if left:
        return return_types.linalg_solve_ex(*function("_solve_ex")(A, B))
    made, info = function("_solve_ex")(turned(A), turned(B))
    return return_types.linalg_solve_ex(turned(made), info)


@linalg
def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """X with A X = B for triangular A; the other triangle is not read."""
    who = "linalg.solve_triangular"
    if B.ndim < 2:
        raise RuntimeError(f"{who}: The input tensor B must have at least 2 dimensions.")
    if B.dtype is not input.dtype:
        raise RuntimeError(
            f"{who}: Expected A and B to have the same dtype, but found A of type "
            f"{legacy_name(input.dtype)} and B of type {legacy_name(B.dtype)} instead"
        )
    made: Tensor
    if left:
        if input.ndim >= 2 and input.shape[-1] == input.shape[-2] != B.shape[-2]:
            raise RuntimeError(
                f"{who}: Incompatible shapes of A and B for the equation AX = B "
                f"({input.shape[-2]}x{input.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
            )
        made = function("_triangular")(input, B, bool(upper), bool(unitriangular))
        return made
    if input.ndim >= 2 and input.shape[-1] == input.shape[-2]:
        _require_right_fit(input, B, "solve_triangular")
    other = function("_triangular")(turned(input), turned(B), not upper, bool(unitriangular))
    return turned(other)  # type: ignore[no-any-return]


@public(method=True, out=True)
def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False,
    unitriangular: bool = False,
) -> Any:  # fmt: skip
    """(X with A X = input, A); A is turned around if ``transpose``."""
    warn_once(
        "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangular, which "
        "takes its arguments the other way around, and will be removed in a future PyTorch release."
    )
    require_system("triangular_solve", input, A)
    matrix = turned(A) if transpose else A
    above = upper != transpose
    made = function("_triangular")(matrix, input, above, unitriangular)
    batch = made.shape[:-2]
    wide = A if A.shape[:-2] == batch else function("expand")(A, *batch, *A.shape[-2:])
    return return_types.triangular_solve(made, function("clone")(wide))
