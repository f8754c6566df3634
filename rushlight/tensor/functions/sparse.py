"""``torch.sparse_coo_tensor``, ``Tensor.to_sparse`` and what goes with sparse tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.engine.value import Size
from rushlight.tensor.device import require_cpu
from rushlight.tensor.from_data import tensor as new_tensor
from rushlight.tensor.functions.register import public
from rushlight.tensor.kinds import convert
from rushlight.tensor.sparse import shaping
from rushlight.tensor.sparse.coo import SparseTensor, places_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public()
def sparse_coo_tensor(
    indices: Any = None, values: Any = None, size: Any = None, *, dtype: DType | None = None,
    device: Any = None, requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``values`` (nnz, *) at ``indices`` (sparse_dim, nnz); ``size`` or the smallest that fits.

    Elements of the same place add up. Raises RuntimeError for indices outside of ``size``.

    >>> import rushlight as torch
    >>> torch.sparse_coo_tensor([[0, 1], [2, 0]], [3.0, 4.0], (2, 3)).to_dense()
    tensor([[0., 0., 3.],
            [4., 0., 0.]])
    """
    require_cpu(device)
    if requires_grad:
        made = sparse_coo_tensor(
            indices, values, size, dtype=dtype, is_coalesced=is_coalesced,
            check_invariants=check_invariants,
        )  # fmt: skip
        return made.detach().requires_grad_()  # type: ignore[attr-defined, no-any-return]
    if values is None:  # only a size: nothing is kept
        size = indices if size is None else size
        places = Tensor._from_array(np.zeros((len(size), 0), np.int64))
        empty = new_tensor([], dtype=dtype)
        return SparseTensor._make(places, empty, size, False)
    places = places_of(indices)
    elements = values if isinstance(values, Tensor) else new_tensor(values, dtype=dtype)
    if elements.ndim == 0:
        elements = function("expand")(elements, places.shape[1])
    if dtype not in (None, elements.dtype):
        elements = convert(elements, dtype)
    if elements.shape[0] != places.shape[1]:
        raise RuntimeError(
            "indices and values must have same nnz, but got nnz from indices: "
            f"{places.shape[1]}, nnz from values: {elements.shape[0]}"
        )
    held = places._array()
    if size is None:
        if not held.shape[1]:
            needed = [0] * held.shape[0]
        else:
            needed = [int(each) + 1 for each in held.max(axis=1)]
        size = (*needed, *elements.shape[1:])
    if len(size) != held.shape[0] + elements.ndim - 1:
        raise RuntimeError(
            f"number of dimensions must be sparse_dim ({held.shape[0]}) + dense_dim "
            f"({elements.ndim - 1}), but got {len(size)}"
        )
    for axis, row in enumerate(held):
        if row.size and (row.min() < 0 or row.max() >= size[axis]):
            wrong = int(row.min() if row.min() < 0 else row.max())
            found = "negative index" if wrong < 0 else "index"
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {axis}, size is {size[axis]} but "
                f"found {found} {wrong}"
            )
    if not elements.requires_grad:
        elements = elements._alias()  # that the values may want a gradient later is not its concern
    return SparseTensor._make(places, elements, Size(size), bool(is_coalesced))


@public(torch=False, method=True, aliases=("to_sparse_coo",))
def to_sparse(
    input: Tensor, sparse_dim: int | None = None, *, layout: Any = None, blocksize: Any = None,
    dense_dim: int | None = None,
) -> Tensor:  # fmt: skip
    """The elements that are not 0 and their places; the first ``sparse_dim`` axes have places."""
    if blocksize is not None or dense_dim is not None or "coo" not in str(layout or "coo"):
        raise NotImplementedError(f"to_sparse(): only the layout torch.sparse_coo, not {layout}")
    count = input.ndim if sparse_dim is None else sparse_dim
    if not 0 < count <= input.ndim:
        raise NotImplementedError(f"to_sparse() with sparse_dim {count} of {input.ndim} axes")
    array = input._array()
    kept = array != 0
    if count < input.ndim:
        kept = kept.any(axis=tuple(range(count, input.ndim)))
    found = np.nonzero(kept)
    places = Tensor._from_array(np.stack(found).astype(np.int64))
    flat = Tensor._from_array(np.flatnonzero(kept).astype(np.int64))
    rows = input.reshape(-1, *input.shape[count:])
    made = SparseTensor._make(places, function("index_select")(rows, 0, flat), input.shape, True)
    if made.requires_grad:
        made._source = input
    return made


@public(torch=False, method=True)
def to_dense(
    input: Tensor, dtype: DType | None = None, *, masked_grad: bool | None = None
) -> Tensor:
    """Itself: it is dense. A sparse tensor's own method writes all elements out."""
    return input if dtype in (None, input.dtype) else convert(input, dtype)


@public()
def spmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse and a dense matrix."""
    product: Tensor = function("mm")(input, mat2)
    return product


@public(torch=False, method=True)
def sparse_mask(input: Tensor, mask: Tensor) -> Tensor:
    """The elements of a dense tensor at the places of a sparse one."""
    if not isinstance(mask, SparseTensor):
        raise RuntimeError("sparse_mask: expected a sparse tensor as the mask")
    return shaping.masked(input, mask)


def _only_coo(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f"{name}: of the sparse layouts only torch.sparse_coo is there; use "
            "sparse_coo_tensor or to_sparse"
        )

    refuse.__name__ = name
    return refuse


for _layout in ("csr", "csc", "bsr", "bsc", "compressed"):
    public()(_only_coo(f"sparse_{_layout}_tensor"))
    if _layout != "compressed":
        public(torch=False, method=True)(_only_coo(f"to_sparse_{_layout}"))


def _needs_sparse(name: str) -> Any:
    def refuse(input: Tensor) -> Any:
        raise RuntimeError(f"{name} expected sparse coordinate tensor layout but got Strided")

    refuse.__name__ = name
    return refuse


for _name in ("coalesce", "indices", "values", "is_coalesced", "_indices", "_values", "_nnz"):
    public(torch=False, method=True)(_needs_sparse(_name))
