"""einsum, tensordot, attention, meshgrid and others that sort out their arguments first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import int32, int64
from rushlight.base.warn import warn
from rushlight.runtime.room import room_for
from rushlight.runtime.stretches import stretches
from rushlight.tensor.argument_kinds import require_tensors
from rushlight.tensor.arrange import relaid
from rushlight.tensor.functions.register import public
from rushlight.tensor.generator import source_of
from rushlight.tensor.kinds import type_name
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Array = np.ndarray[Any, Any]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _letters(labels: Any) -> str:
    return "".join("..." if each is ... else _LETTERS[each] for each in labels)


@public()
def einsum(*args: Any) -> Tensor:
    """Sums of products written as an equation: ``einsum("bij,bjk->bik", a, b)``.

    Also ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    if isinstance(args[0], Tensor):
        terms = ",".join(_letters(labels) for labels in args[1::2])
        operands = args[0 : 2 * (len(args) // 2) : 2]
        equation = terms + "->" + _letters(args[-1]) if len(args) % 2 else terms
    else:
        equation, operands = args[0], args[1:]
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = tuple(operands[0])
    out: Tensor = function("_einsum")(tuple(operands), equation)
    return out


def _without_copies(x: Tensor, axes: Any, other: Tensor, others: Any) -> Tensor:
    """``x`` summed along the axes that meet an axis of size 1, as PyTorch broadcasts there."""
    for axis, meets in zip(axes, others, strict=False):
        if other.shape[meets] == 1 and x.shape[axis] != 1:
            x = function("sum")(x, axis, True, dtype=x.dtype)
    return x


@public()
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Sums over the last ``dims`` axes of a and first of b, or over two lists of axes."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        first, second = tuple(range(-dims, 0)), tuple(range(dims))
    else:
        if not isinstance(dims, (tuple, list)) or len(dims) != 2:
            raise RuntimeError(
                "tensordot expects dims to be int or tuple[list[int], list[int]] or "
                f"list[list[int]] containing two lists, but got dims={dims}"
            )
        first, second = ((each,) if isinstance(each, int) else tuple(each) for each in dims)
    made: Tensor = function("_tensordot")(
        _without_copies(a, first, b, second), _without_copies(b, second, a, first), first, second
    )
    return made if out is None else write_out("tensordot", out, made)


@public(torch=False, functional=True)
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(query key^T * scale + mask) value.

    query (.., T, D), key (.., S, D), value (.., S, E) -> (.., T, E)
    """
    mask = None
    if not 0.0 <= dropout_p <= 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if dropout_p > 0.0:
        lead = np.broadcast_shapes(query.shape[:-2], key.shape[:-2]) if not enable_gqa else (
            query.shape[:-2]
        )  # fmt: skip
        shape = (*lead, query.shape[-2], key.shape[-2])
        drawn = source_of(None).bernoulli(int(np.prod(shape)), 1.0 - dropout_p)
        mask = Tensor._from_array(drawn.reshape(shape))
    out: Tensor = function("_attention")(
        query, key, value, attn_mask, mask, 1.0 - dropout_p, bool(is_causal),
        None if scale is None else float(scale), bool(enable_gqa),
    )  # fmt: skip
    # A mask that learns keeps PyTorch from the kernel that gives results the order of the queries.
    learns = attn_mask is not None and attn_mask.requires_grad
    return relaid(out, None) if learns else out


# Grids


@public()
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates: every tensor spread along its own axis. ``indexing``: "ij" or "xy"."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing "
            "argument.",
        )
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + str(indexing)
        )
    vectors = list(given)
    require_tensors(vectors)
    if not vectors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if any(vector.dtype is not vectors[0].dtype for vector in vectors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    for vector in vectors:
        if vector.ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {vector}"
            )
    swap = indexing == "xy" and len(vectors) > 1
    if swap:
        vectors[0], vectors[1] = vectors[1], vectors[0]
    shape = tuple(vector.numel() for vector in vectors)
    grids = []
    for axis, vector in enumerate(vectors):
        column = vector.reshape(tuple(n if k == axis else 1 for k, n in enumerate(shape)))
        grids.append(function("expand")(column, *shape))
    if swap:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


@public()
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every combination of one element from each vector, as rows."""
    require_tensors(tensors)
    for each in tensors:
        if each.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(each.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    rows: Tensor = function("stack")(tuple(grid.reshape(-1) for grid in grids), 1)
    return rows


@public()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of r elements of a vector, as rows; of none of them: (0,)."""
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return function("narrow")(input, 0, 0, 0)  # type: ignore[no-any-return]
    count = input.shape[0]
    columns = [np.arange(count)]
    for _ in range(r - 1):
        first = columns[-1] + (not with_replacement)
        which, last = stretches(first, count - first)
        columns = [*(column[which] for column in columns), last]
    places = Tensor._from_array(np.stack(columns, axis=1))
    picked: Tensor = function("take")(input, places)
    return picked


@public()
def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices along the diagonal of a larger one, zeros elsewhere."""
    require_tensors(tensors)
    blocks = []
    for place, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{place} has {x.ndim} dimensions"
            )
        blocks.append(x.reshape(1, -1) if x.ndim < 2 else x)
    width = sum(block.shape[1] for block in blocks)
    rows, start = [], 0
    for block in blocks:
        right = width - start - block.shape[1]
        rows.append(function("constant_pad_nd")(block, (start, right, 0, 0), 0))
        start += block.shape[1]
    out: Tensor = function("cat")(tuple(rows), 0)
    return out


def _below_diagonal(rows: int, columns: int, first: int) -> int:
    """How many elements are left of column ``first`` in row 0, ``first + 1`` in row 1, and so on.

    >>> _below_diagonal(3, 3, 1)
    6
    """

    def until(stop: int) -> int:  # where row i has i of them
        sloped = min(max(stop, 0), columns)
        return sloped * (sloped - 1) // 2 + max(stop - columns, 0) * columns

    return until(rows + first) - until(first)


def _triangle(name: str, below: bool) -> Any:
    def places(
        row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None,
        layout: Any = None,
    ) -> Tensor:  # fmt: skip
        for side, count in (("row", row), ("col", col)):
            if count < 0:
                raise RuntimeError(f"{side} must be non-negative, got{count}")
        dtype = int64 if dtype is None else dtype
        if dtype not in (int64, int32):
            raise NotImplementedError(f"\"{name}\" not implemented for '{type_name(dtype)}'")
        beyond = _below_diagonal(row, col, offset + below)
        room_for(2 * (beyond if below else row * col - beyond), dtype.np)
        edge = np.clip(np.arange(row) + offset + below, 0, col)  # the first column beyond
        found = stretches(edge * (not below), edge if below else col - edge)
        return Tensor._from_array(found.astype(dtype.np, copy=False))

    places.__name__ = places.__qualname__ = name
    places.__doc__ = "(2, n): the rows and columns of the triangle's elements, row by row."
    return public()(places)


tril_indices = _triangle("tril_indices", below=True)
triu_indices = _triangle("triu_indices", below=False)
