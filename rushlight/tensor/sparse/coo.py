"""SparseTensor: places of elements and the elements there (PyTorch's COO layout).

``indices`` (sparse_dim, nnz) and ``values`` (nnz, *dense axes) are two ordinary tensors, and what
is done with a sparse tensor is done with these, so gradients flow through the values. A place may
come several times: its elements add up.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import int64
from rushlight.engine.value import Size
from rushlight.ops.view.sizes import whole_sizes
from rushlight.tensor.device import CPU
from rushlight.tensor.interface import sparse_coo
from rushlight.tensor.kinds import convert
from rushlight.tensor.sparse.display import text
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


class NoDenseForm(NotImplementedError, AttributeError):
    """What asks for a tensor's memory asked a sparse one, which has none of that shape."""


class SparseTensor(Tensor):
    """A tensor of which only some elements are kept: ``torch.sparse_coo_tensor``."""

    _plain = True  # one of the library's own: it does not override operations

    _places: Tensor
    _elements: Tensor
    _sizes: Size
    _merged: bool
    _source: Tensor | None = None  # the dense tensor it was made of, which takes its whole gradient
    _is_root = False  # it was asked for a gradient itself; else its values may have been

    @staticmethod
    def _make(places: Tensor, elements: Tensor, sizes: Any, merged: bool = False) -> SparseTensor:
        made = object.__new__(SparseTensor)
        made._edge = None
        made._places, made._elements = places, elements
        made._sizes, made._merged = Size(sizes), merged or places.shape[1] < 2
        return made

    def __getattr__(self, name: str) -> Any:
        if name in ("_value", "_storage", "_layout", "_seen"):
            raise NoDenseForm(
                "this operation is not there for sparse tensors; call .to_dense() first"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    # What it is

    layout = sparse_coo
    is_sparse = True
    device, is_cpu, is_meta = CPU, True, False
    _version = 0  # nothing writes to one in place

    @property
    def shape(self) -> Size:
        return self._sizes

    @property
    def dtype(self) -> DType:
        return self._elements.dtype

    @property
    def ndim(self) -> int:
        return len(self._sizes)

    @property
    def requires_grad(self) -> bool:
        return self._elements.requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted == self.requires_grad:
            return
        if not self.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        self._elements = self._elements.detach()  # type: ignore[attr-defined]
        self._elements.requires_grad = self._is_root = bool(wanted)

    @property
    def is_leaf(self) -> bool:
        return self._is_root or not self.requires_grad

    @property
    def grad(self) -> Any:
        """What the elements that are kept have got, at their places."""
        return self._with_or_none(self._elements.grad if self._is_root else None)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and not isinstance(value, SparseTensor):
            raise TypeError("the gradient of a sparse tensor is sparse")
        self._elements.grad = None if value is None else value._elements

    @property
    def grad_fn(self) -> Any:
        return None if self._is_root else self._elements.grad_fn

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one axis of it."""
        return self._sizes if dim is None else self._sizes[dim]

    def dim(self) -> int:
        """How many axes."""
        return len(self._sizes)

    def numel(self) -> int:
        """How many elements, those that are not kept included."""
        return math.prod(self._sizes)

    def __len__(self) -> int:
        return self._sizes[0]

    def sparse_dim(self) -> int:
        """How many axes have places."""
        return self._places.shape[0]

    def dense_dim(self) -> int:
        """How many axes the element of one place has."""
        return self._elements.ndim - 1

    def _nnz(self) -> int:
        return self._places.shape[1]

    def is_coalesced(self) -> bool:
        """Whether places are sorted and none comes twice."""
        return self._merged

    def _indices(self) -> Tensor:
        return self._places

    def _values(self) -> Tensor:
        return self._elements

    def indices(self) -> Tensor:
        """The places, (sparse_dim, nnz). RuntimeError before ``coalesce``."""
        self._require_merged("indices")
        return self._places

    def values(self) -> Tensor:
        """The elements there, (nnz, *). RuntimeError before ``coalesce``."""
        self._require_merged("values")
        return self._elements

    def _require_merged(self, what: str) -> None:
        if not self._merged:
            raise RuntimeError(
                f"Cannot get {what} on an uncoalesced tensor, please call .coalesce() first"
            )

    # Other forms

    def _with(self, elements: Any) -> SparseTensor:
        """Other elements at the same places."""
        return SparseTensor._make(self._places, elements, self._sizes, self._merged)

    def _with_or_none(self, elements: Any) -> SparseTensor | None:
        """A gradient of the elements as one of this, where there is one."""
        return None if elements is None else self._with(elements)

    def _flat_places(self) -> np.ndarray[Any, Any]:
        shape = tuple(self._sizes[: self.sparse_dim()])
        return np.ravel_multi_index(tuple(self._places._array()), shape).astype(np.int64)

    def coalesce(self) -> SparseTensor:
        """Places sorted, and elements of the same place added up."""
        if self._merged:
            return self
        if not self._nnz():
            return SparseTensor._make(self._places, self._elements, self._sizes, True)
        keys, slots = np.unique(self._flat_places(), return_inverse=True)
        shape = tuple(self._sizes[: self.sparse_dim()])
        places = np.stack(np.unravel_index(keys, shape)).astype(np.int64)
        merged = summed(self._elements, Tensor._from_array(slots.reshape(-1)), keys.size)
        return SparseTensor._make(Tensor._from_array(places), merged, self._sizes, True)

    def shared_sums(self) -> Tensor:
        """For each place the sum of all elements that are there, (nnz, *): what ``coalesce`` gives,
        with as many rows as before, so that a step's shapes do not depend on which came twice."""
        if self._merged or not self._nnz():
            return self._elements
        _, slots = np.unique(self._flat_places(), return_inverse=True)
        each = Tensor._from_array(slots.reshape(-1))
        return function("index_select")(summed(self._elements, each, self._nnz()), 0, each)

    def to_dense(self, dtype: DType | None = None, *, masked_grad: bool | None = None) -> Tensor:
        """All elements, as an ordinary tensor."""
        shape = tuple(self._sizes[: self.sparse_dim()])
        if self._nnz():
            one = len(shape) == 1  # the places are what is needed
            flat = self._places.reshape(-1) if one else Tensor._from_array(self._flat_places())
            dense = summed(self._elements, flat, math.prod(shape)).reshape(*self._sizes)
        else:
            dense = function("_constant")(tuple(self._sizes), 0, self.dtype)
        return dense if dtype in (None, dense.dtype) else convert(dense, dtype)

    def zero_(self) -> SparseTensor:
        """No elements are kept any more."""
        self._places, self._elements = self._places[:, :0], self._elements[:0]
        self._merged = True
        return self

    def clone(self, *, memory_format: Any = None) -> SparseTensor:
        """The same with memory of its own."""
        copied = self._with(function("clone")(self._elements))
        copied._places = function("clone")(self._places)
        return copied

    def copy_(self, src: Any, non_blocking: bool = False) -> SparseTensor:
        """Hold what ``src``, a sparse tensor of the same shape, holds."""
        if not isinstance(src, SparseTensor):
            raise RuntimeError(
                "copy() between dense and sparse Tensors is not implemented! Found self type = "
                f"{type(self).__name__} and src type = {type(src).__name__}"
            )
        if src._sizes != self._sizes:
            raise RuntimeError(
                f"copy_: a sparse tensor of size {tuple(self._sizes)} cannot hold one of size "
                f"{tuple(src._sizes)}"
            )
        return self._hold(src.clone().to(self.dtype))

    def _hold(self, other: SparseTensor) -> SparseTensor:
        self._places, self._elements = other._places, other._elements
        self._merged = other._merged
        return self

    def add_(self, other: Any, *, alpha: float = 1) -> SparseTensor:
        """``other``, which must be sparse too, added in place."""
        return self._hold(FORMS["add"](self, other, alpha).to(self.dtype))

    def sub_(self, other: Any, *, alpha: float = 1) -> SparseTensor:
        """``other``, which must be sparse too, subtracted in place."""
        return self._hold(FORMS["sub"](self, other, alpha).to(self.dtype))

    def mul_(self, other: Any) -> SparseTensor:
        """Every element times a number, or times another tensor's; in place."""
        return self._hold(FORMS["mul"](self, other).to(self.dtype))

    def div_(self, other: Any) -> SparseTensor:
        """Every element divided by a number; in place."""
        return self._hold(FORMS["div"](self, other).to(self.dtype))

    __iadd__ = add_
    __isub__ = sub_
    __imul__ = mul_
    __itruediv__ = div_

    def __copy__(self) -> SparseTensor:
        return self._with(self._elements)

    def __deepcopy__(self, memo: dict[int, Any]) -> SparseTensor:
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment: detach() this sparse tensor first"
            )
        memo[id(self)] = made = self.detach().clone().requires_grad_(self._is_root)
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        parts = (self._places, self._elements.detach(), tuple(self._sizes), self._merged)  # type: ignore[attr-defined]
        return SparseTensor._make, parts

    def detach(self) -> SparseTensor:
        """The same without gradient."""
        return self._with(self._elements.detach())  # type: ignore[attr-defined]

    @property
    def data(self) -> SparseTensor:
        """The same elements, without the graph: what is written in place is seen by both."""
        return self.detach() if self.requires_grad else self

    def to(self, *args: Any, **kwargs: Any) -> SparseTensor:
        """Another dtype, as ``Tensor.to``."""
        return self._with(self._elements.to(*args, **kwargs))  # type: ignore[attr-defined]

    @property
    def T(self) -> Any:
        """Axes swapped."""
        return function("transpose")(self, 0, 1)

    def requires_grad_(self, requires_grad: bool = True) -> SparseTensor:
        """A gradient is kept for it: ``grad``, sparse too."""
        self.requires_grad = requires_grad
        return self

    def cpu(self) -> SparseTensor:
        """Itself: it is on the CPU."""
        return self

    def to_sparse(self, sparse_dim: int | None = None, **kwargs: Any) -> SparseTensor:
        """Itself. NotImplementedError for another number of sparse axes."""
        if sparse_dim not in (None, self.sparse_dim()):
            raise RuntimeError(
                "to_sparse: conversion from Sparse to Sparse with sparse_dim argument "
                "!=self.sparse_dim() is not supported"
            )
        return self

    to_sparse_coo = to_sparse

    def __getitem__(self, index: Any) -> Any:
        return FORMS["at"](self, index)

    def __iter__(self) -> Any:
        return iter([self[place] for place in range(len(self))])

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    def new_zeros(self, *size: Any, **options: Any) -> SparseTensor:
        """No elements, of any size: all of its axes are sparse."""
        made = function("_constant")((0,), 0, options.pop("dtype", None) or self.dtype)
        if options.pop("requires_grad", False) or options.pop("device", None) not in (None, CPU):
            raise NotImplementedError("new_zeros of a sparse tensor takes a size and a dtype")
        shape = whole_sizes("new_zeros", size)
        return SparseTensor._make(function("_constant")((len(shape), 0), 0, int64), made, shape)

    new_empty = new_zeros

    def numpy(self, *, force: bool = False) -> Any:
        """TypeError: NumPy has no sparse arrays."""
        raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")

    __array__ = numpy

    def item(self) -> Any:
        if self.numel() != 1:
            raise RuntimeError(
                f"a Tensor with {self.numel()} elements cannot be converted to Scalar"
            )
        return self.to_dense().item()

    def tolist(self) -> Any:
        """RuntimeError, as in PyTorch."""
        raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage")

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return text(self)

    __str__ = __repr__

    def _empty_like(self, who: str, dtype: DType) -> SparseTensor:
        """``torch.zeros_like``: the same sizes and no elements."""
        if who not in ("zeros", "empty"):
            raise NotImplementedError(
                f"torch.{who}_like is not there for sparse tensors: every element would be kept; "
                "give layout=torch.strided"
            )
        places = function("_constant")((self.sparse_dim(), 0), 0, int64)
        elements = function("_constant")((0, *self._elements.shape[1:]), 0, dtype)
        return SparseTensor._make(places, elements, self._sizes, merged=True)

    def _in_other_form(self, op: Any, arguments: tuple[Any, ...]) -> Any:
        """What a recorded operation does where an argument is sparse; forms.py fills ``FORMS``."""
        form = FORMS.get(op.name)
        if form is None:
            raise NotImplementedError(
                f"torch.{op.name} is not there for sparse tensors; call .to_dense() first"
            )
        return form(*arguments)


FORMS: dict[str, Any] = {}


def summed(elements: Any, slots: Tensor, count: int) -> Any:
    """Elements added up by slot: (nnz, *), (nnz,) -> (count, *)."""
    start = function("_constant")((count, *elements.shape[1:]), 0, elements.dtype)
    return function("index_add")(start, 0, slots, elements)


def places_of(indices: Any) -> Tensor:
    """Indices as an int64 tensor (sparse_dim, nnz)."""
    if not isinstance(indices, Tensor):
        indices = Tensor._from_array(np.asarray(indices, np.int64))
    if indices.dtype is not int64:
        indices = convert(indices, int64)
    if indices.ndim != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(indices.shape)}")
    return indices
