"""Products and powers of matrices, and tensors seen as matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.linalg.inverse import inv, solve
from rushlight.tensor.functions.linalg.register import linalg
from rushlight.tensor.functions.register import public
from rushlight.tensor.out import require_same_dtypes, write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@linalg
def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """A times itself n times; negative: of the inverse.

    ``out``: of the very dtype where a product or an inverse comes last, as in PyTorch; copies and
    squares of squares are converted.
    """
    made = _power(input, n)
    if out is None:
        return made
    if n < 0 or n in (2, 3) or n & (n - 1):
        require_same_dtypes("linalg_matrix_power", out, made)
    return write_out("linalg_matrix_power", out, made)


def _power(input: Tensor, n: int) -> Tensor:
    if input.ndim < 2:
        raise RuntimeError(
            "linalg.matrix_power: The input tensor A must have at least 2 dimensions."
        )
    if input.shape[-1] != input.shape[-2]:
        raise RuntimeError(
            "linalg.matrix_power: A must be batches of square matrices, but they are "
            f"{input.shape[-2]} by {input.shape[-1]} matrices"
        )
    if n == 0:
        size = input.shape[-1]
        eye = function("_eye")(size, size, input.dtype)
        same: Tensor = function("expand")(eye, *input.shape)
        # Of a power that is the same for every matrix the slope is zero.
        return function("_in_place_of")(input, same, "Copys")  # type: ignore[no-any-return]
    base = inv(input) if n < 0 else input
    left, result = abs(n), None
    while left:
        if left & 1:
            result = base if result is None else function("matmul")(result, base)
        left >>= 1
        if left:
            base = function("matmul")(base, base)
    assert result is not None
    return result if result is not input else function("clone")(input)


public(method=True)(matrix_power)


@linalg
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of square matrices."""
    made: Tensor = function("matrix_exp")(input)
    return made


def _order(sizes: list[int]) -> list[list[int]]:
    """Where to split each chain of matrices, sizes[i] x sizes[i+1], for the fewest products."""
    n = len(sizes) - 1
    cost = np.zeros((n, n))
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [
                cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            ]
            split[i][j] = i + int(np.argmin(ways))
            cost[i, j] = min(ways)
    return split


@linalg
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of matrices, in the order that takes the fewest products of numbers."""
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    given = list(tensors)
    first, last = given[0].ndim == 1, given[-1].ndim == 1
    if first:
        given[0] = given[0].unsqueeze(0)
    if last:
        given[-1] = given[-1].unsqueeze(-1)
    for place, each in enumerate(given):
        if each.ndim != 2:
            raise RuntimeError(
                f"multi_dot(): tensor {place} must be 2D but got {tensors[place].ndim}D"
            )
    for place in range(count - 1):
        if given[place].shape[1] != given[place + 1].shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {place} and {place + 1} with shapes "
                f"{list(tensors[place].shape)} and {list(tensors[place + 1].shape)} cannot be "
                "multiplied"
            )
    split = _order([given[0].shape[0], *(each.shape[1] for each in given)])

    def chain(i: int, j: int) -> Any:
        if i == j:
            return given[i]
        k = split[i][j]
        return function("matmul")(chain(i, k), chain(k + 1, j))

    made = chain(0, count - 1)
    if first:
        made = made.squeeze(0)
    return made.squeeze(-1) if last else made  # type: ignore[no-any-return]


@linalg
def tensorinv(input: Any, ind: int = 2) -> Tensor:
    """The inverse of the tensor as a map from its last dims to its first ``ind``."""
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    front, back = tuple(input.shape[:ind]), tuple(input.shape[ind:])
    if math.prod(front) != math.prod(back):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(back)} != {math.prod(front)}"
        )
    made: Any = inv(input.reshape(math.prod(front), math.prod(back)))
    return made.reshape(back + front)  # type: ignore[no-any-return]


@linalg
def tensorsolve(input: Any, other: Any, dims: Any = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B; ``dims`` of A are moved to its end first."""
    if dims is not None:
        moved = [each % input.ndim for each in dims]
        kept = [axis for axis in range(input.ndim) if axis not in moved]
        input = input.permute(*kept, *moved)
    tail = tuple(input.shape[other.ndim :])
    rows, columns = math.prod(input.shape[: other.ndim]), math.prod(tail)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {columns} != {rows}"
        )
    made: Any = solve(input.reshape(rows, columns), other.reshape(-1))
    return made.reshape(tail)  # type: ignore[no-any-return]


@linalg
def vander(x: Any, *, N: int | None = None) -> Tensor:
    """The powers of x from 0 up along a new last axis: (.., n) -> (.., n, N)."""
    refuse("linalg.vander", x.dtype)
    if not x.ndim:
        x = x.reshape(1)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    wide = x.unsqueeze(-1).expand(*x.shape, count - 1)
    ones = function("fill")(x.unsqueeze(-1), 1)
    made: Tensor = function("cat")((ones, function("cumprod")(wide, -1)), -1)
    return made


@linalg
def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonal of the last two axes, as a view."""
    out: Tensor = function("diagonal")(A, offset, dim1, dim2)
    return out


@linalg
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product along ``dim``."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    sizes = [each.shape[normalize_dim(dim, each.ndim)] for each in (input, other)]
    if sizes != [3, 3]:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and "
            f"{sizes[1]}"
        )
    out: Tensor = function("cross")(input, other, dim)
    return out


@linalg
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """torch.matmul."""
    out: Tensor = function("matmul")(input, other)
    return out


@linalg
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of products along ``dim``, x conjugated."""
    refuse("linalg.vecdot", x.dtype)
    first = function("_conj")(x) if x.dtype.is_complex else x
    out: Tensor = function("sum")(function("mul")(first, y), dim)
    return out
