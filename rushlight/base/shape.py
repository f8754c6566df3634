"""Arithmetic on shapes, dims and strides: pure functions on tuples of ints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import index

from rushlight.base.errors import ShapeError

Shape = tuple[int, ...]


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Row-major strides in elements; a size of 0 counts as 1, as in PyTorch.

    >>> contiguous_strides((2, 3, 4))
    (12, 4, 1)
    """
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def normalize_dim(dim: int, ndim: int) -> int:
    """``dim`` counted from the front. A 0-d tensor takes 0 and -1, as in PyTorch.

    >>> normalize_dim(-1, 3)
    2
    """
    dim, span = index(dim), max(ndim, 1)  # a tensor that counts as an int, too
    if not -span <= dim < span:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
            f"but got {dim})"
        )
    return dim + span if dim < 0 else dim


def normalize_dims(dims: int | Iterable[int] | None, ndim: int) -> Shape:
    """Every dim named, from the front, in the order given; None or () mean all."""
    if ndim > 64:
        raise RuntimeError("only tensors with up to 64 dims are supported")
    if dims is None:
        return tuple(range(ndim))
    if isinstance(dims, int):
        dims = (dims,)
    named = tuple(normalize_dim(dim, ndim) for dim in dims)
    if not named:
        return tuple(range(ndim))
    for place, dim in enumerate(named):
        if dim in named[:place]:
            raise RuntimeError(f"dim {dim} appears multiple times in the list of dims")
    return named if ndim else ()


def broadcast_shapes(*shapes: Sequence[int]) -> Shape:
    """The shape that all ``shapes`` expand to.

    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)

    Raises ShapeError (a RuntimeError) naming the sizes and the dim that clash.
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result = [1] * rank
    for shape in shapes:
        for back in range(1, len(shape) + 1):
            size = shape[-back]
            here = result[-back]
            if size != here and size != 1:
                if here != 1:
                    raise ShapeError(
                        f"The size of tensor a ({here}) must match the size of tensor b ({size}) "
                        f"at non-singleton dimension {rank - back}"
                    )
                result[-back] = size
    return tuple(result)


def infer_size(shape: Sequence[int], numel: int) -> Shape:
    """Resolve one -1 in a reshape target.

    >>> infer_size((2, -1), 6)
    (2, 3)
    """
    unknown = [place for place, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
    known = math.prod(size for size in shape if size != -1)
    if unknown:
        if known == 0 and numel == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        if known == 0 or numel % known:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
        filled = list(shape)
        filled[unknown[0]] = numel // known
        return tuple(filled)
    if known != numel:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
    return tuple(shape)
