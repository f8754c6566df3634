"""The triangular factor of positive-definite matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int32
from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import LinAlgError, first_refused, require_matrix
from rushlight.ops.linalg.shapes import (
    adjoint,
    diagonal,
    halved_diagonal,
    lower,
    on_diagonal,
    product,
)
from rushlight.ops.linalg.triangular import triangular
from rushlight.ops.table import Grads, composite


def _minor(a: Array) -> int:
    """The order of the first leading minor that is not positive-definite."""
    for order in range(1, a.shape[-1] + 1):
        try:
            np.linalg.cholesky(a[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return 0


@host("linalg_cholesky", complex=True)
def _host_cholesky(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    try:
        return np.linalg.cholesky(arrays[0])
    except np.linalg.LinAlgError:
        where, one = first_refused(arrays[0], np.linalg.cholesky)
        raise LinAlgError(
            f"{params[0]}: {where}The factorization could not be completed because the input is "
            f"not positive-definite (the leading minor of order {_minor(one)} is not "
            "positive-definite)."
        ) from None


@host("linalg_cholesky_ex", results=2, complex=True)
def _host_cholesky_ex(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    (a,) = arrays
    made, info = np.tril(a), np.zeros(a.shape[:-2], np.int32)
    for place in np.ndindex(*a.shape[:-2]):
        try:
            made[place] = np.linalg.cholesky(a[place])
        except np.linalg.LinAlgError:
            info[place] = _minor(a[place])
    return made, info


@composite(torch=False, name="_cholesky", grad_name="LinalgCholeskyEx", complex_rule=True)
def cholesky(input: Node, upper: bool, who: str = "linalg.cholesky") -> Node:
    """The triangular factor of a positive-definite matrix: L L^H, or U^H U."""
    require_matrix("cholesky", input)
    given = adjoint(input) if upper else input
    factor = build.host("linalg_cholesky", (given,), input.shape, input.dtype, (who,))
    return adjoint(factor) if upper else factor


@composite(torch=False, name="_cholesky_ex", grad_name="LinalgCholeskyEx", complex_rule=True)
def cholesky_ex(input: Node, upper: bool) -> tuple[Node, Node]:
    """(the factor, info): info is 0 where the matrix is positive-definite."""
    require_matrix("cholesky", input)
    given = adjoint(input) if upper else input
    factor = build.host("linalg_cholesky_ex", (given,), input.shape, input.dtype, (0,))
    info = build.host("linalg_cholesky_ex", (given,), input.shape[:-2], int32, (1,))
    return (adjoint(factor) if upper else factor), info


def _slope(g: Node, out: Node, upper: bool) -> Node:
    factor = adjoint(out) if upper else out
    seed = adjoint(g) if upper else g
    inner = lower(halved_diagonal(product(adjoint(factor), seed)))
    # As in PyTorch a complex diagonal of the seed stays as it is.
    both = binary("add", inner, adjoint(lower(inner, 1)))
    both = binary("add", both, on_diagonal(diagonal(inner), inner.shape))
    turned = adjoint(factor)
    left = triangular(turned, both, True, False)  # L^-H X
    whole = adjoint(triangular(turned, adjoint(left), True, False))  # .. L^-1
    return binary("mul", whole, const(0.5, whole.shape, whole.dtype))


@cholesky.vjp
def _(g: Node, out: Node, input: Node, upper: bool, who: str) -> Grads:
    return (_slope(g, out, upper),)


@cholesky_ex.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, upper: bool) -> Grads:
    return (_slope(g[0], out[0], upper),)
