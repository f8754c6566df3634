"""What operations do where an argument is a sparse tensor, by the operation's name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.tensor.sparse.coo import FORMS, SparseTensor, summed
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _form(*names: str) -> Callable[[Any], Any]:
    def keep(made: Any) -> Any:
        FORMS.update(dict.fromkeys(names, made))
        return made

    return keep


def require_matrix(tensor: Tensor, who: str) -> None:
    """RuntimeError unless a sparse tensor has two axes and one number per place."""
    if isinstance(tensor, SparseTensor) and (tensor.sparse_dim(), tensor.dense_dim()) != (2, 0):
        raise RuntimeError(
            f"{who}: expected a sparse matrix with two sparse axes, got {tensor.sparse_dim()} "
            f"sparse and {tensor.dense_dim()} dense ones"
        )


@_form("mm", "matmul", "mv")
def product(a: Any, b: Any) -> Any:
    """A matrix product: rows of ``b``, weighted, added up in the rows they belong to.

    Sparse (M, K) times (K, N) or (K,); dense (M, K) times sparse (K, N) by way of both transposed.
    """
    if isinstance(a, SparseTensor) and isinstance(b, SparseTensor):
        return sparse_product(a, b)
    if isinstance(b, SparseTensor):
        if a.ndim == 1:
            return product(transposed(b), a)
        flipped = product(transposed(b), function("transpose")(a, 0, 1))
        return function("transpose")(flipped, 0, 1)
    require_matrix(a, "mm")
    if b.ndim not in (1, 2):
        raise RuntimeError(f"a sparse matrix is multiplied by 1 or 2 axes, got {b.ndim}")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
            f"{'x'.join(map(str, b.shape))})"
        )
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}"
        )
    rows, columns = a._places[0], a._places[1]  # type: ignore[index]
    weights = a._elements
    picked = function("index_select")(b, 0, columns)
    if b.ndim == 2:
        weights = function("unsqueeze")(weights, 1)
    return summed(function("mul")(picked, weights), rows, a.shape[0])


def sparse_product(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """(M, K) times (K, N), both sparse: each element of ``a`` meets a row of ``b``."""
    require_matrix(a, "mm")
    require_matrix(b, "mm")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and "
            f"{b.shape[0]}x{b.shape[1]})"
        )
    a, b = a.coalesce(), b.coalesce()
    (rows, inner), (b_rows, columns) = a._places._array(), b._places._array()
    starts = np.searchsorted(b_rows, np.arange(b.shape[0] + 1))
    counts = (starts[1:] - starts[:-1])[inner]
    left = np.repeat(np.arange(rows.size), counts)
    step = np.arange(left.size) - np.repeat(np.cumsum(counts) - counts, counts)
    right = starts[inner][left] + step
    places = Tensor._from_array(np.stack((rows[left], columns[right])).astype(np.int64))
    elements = function("mul")(_at(a._elements, left), _at(b._elements, right))
    return SparseTensor._make(places, elements, (a.shape[0], b.shape[1])).coalesce()


def _at(elements: Any, numbers: np.ndarray[Any, Any]) -> Any:
    return function("index_select")(elements, 0, Tensor._from_array(numbers.astype(np.int64)))


def common_product(a: SparseTensor, b: SparseTensor) -> SparseTensor:
    """Element by element, at the places that both have."""
    if a.shape != b.shape or a.sparse_dim() != b.sparse_dim():
        raise RuntimeError(
            "mul operands have incompatible sizes: "
            f"{list(a.shape)} and {list(b.shape)}, or other sparse axes"
        )
    a, b = a.coalesce(), b.coalesce()
    _, left, right = np.intersect1d(
        a._flat_places(), b._flat_places(), assume_unique=True, return_indices=True
    )
    places = Tensor._from_array(a._places._array()[:, left])
    elements = function("mul")(_at(a._elements, left), _at(b._elements, right))
    return SparseTensor._make(places, elements, a.shape, True)


@_form("addmm")
def add_product(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    found = product(mat1, mat2)
    found = found if alpha == 1 else function("mul")(found, alpha)
    return function("add")(input if beta == 1 else function("mul")(input, beta), found)


FORMS["addmm"] = lambda input, mat1, mat2, beta=1, alpha=1: add_product(
    input, mat1, mat2, beta=beta, alpha=alpha
)


@_form("transpose", "t")
def transposed(input: SparseTensor, dim0: int = 0, dim1: int = 1) -> SparseTensor:
    """Two sparse axes swapped."""
    count = input.sparse_dim()
    if count < 2 and input.ndim < 2:
        return input
    first, second = dim0 % input.ndim, dim1 % input.ndim
    if max(first, second) >= count:
        raise NotImplementedError("transpose of a sparse tensor's dense axes")
    order = list(range(count))
    order[first], order[second] = order[second], order[first]
    sizes = list(input._sizes)
    sizes[first], sizes[second] = sizes[second], sizes[first]
    places = function("index_select")(input._places, 0, Tensor._from_array(np.array(order)))
    return SparseTensor._make(places, input._elements, sizes)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or (
        isinstance(value, Tensor) and not isinstance(value, SparseTensor) and value.ndim == 0
    )


@_form("add")
def added(input: Any, other: Any, alpha: float = 1) -> Any:
    """Sparse and sparse: the places of both, merged if they were. Dense and sparse: dense."""
    if isinstance(input, SparseTensor) and not isinstance(other, SparseTensor):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    scaled = other if alpha == 1 else scaled_by(other, alpha)
    if not isinstance(input, SparseTensor):
        return function("add")(input, scaled.to_dense())
    if input.shape != other.shape:
        raise RuntimeError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(input.shape)} != "
            f"{list(other.shape)}"
        )
    places = function("cat")((input._places, scaled._places), 1)
    elements = function("cat")((input._elements, scaled._elements), 0)
    made = SparseTensor._make(places, elements, input._sizes)
    if not (_in_order(input) and _in_order(other)):
        return made
    made = made.coalesce()
    made._merged = (input._merged and other._merged) or made._nnz() < 2
    return made


def _in_order(input: SparseTensor) -> bool:
    """Whether places are sorted and none comes twice, known or not."""
    return input._merged or bool((np.diff(input._flat_places()) > 0).all())


@_form("sub")
def subtracted(input: Any, other: Any, alpha: float = 1) -> Any:
    """``added`` with the second one's sign turned."""
    if isinstance(other, SparseTensor):
        return added(input, other, -alpha)
    raise RuntimeError("sub(sparse, dense) is not supported. Use sub(dense, sparse) instead.")


@_form("mul")
def scaled_by(input: Any, other: Any) -> Any:
    """By a number, or by the elements of a dense tensor of the same shape."""
    if not isinstance(input, SparseTensor):
        input, other = other, input
    if _is_number(other):
        return input._with(function("mul")(input._elements, other))
    if isinstance(other, SparseTensor):
        return common_product(input, other)
    if input.dense_dim():
        raise NotImplementedError("a sparse tensor with dense axes times a dense one")
    other = function("expand")(other, tuple(input._sizes))
    flat = Tensor._from_array(input._flat_places())
    picked = function("index_select")(other.reshape(-1), 0, flat)
    return input._with(function("mul")(input._elements, picked))


@_form("div")
def divided(input: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """By a number."""
    if not isinstance(input, SparseTensor) or not _is_number(other) or rounding_mode is not None:
        raise RuntimeError("Sparse division requires a scalar or zero-dim dense tensor divisor")
    return input._with(function("div")(input._elements, other))


def _by_element(name: str) -> Any:
    def run(input: SparseTensor) -> SparseTensor:
        merged = input.coalesce()
        return merged._with(function(name)(merged._elements))

    return run


# These keep 0 where it is, so the places stay. A sum must be taken before them.
FORMS.update(
    {
        name: _by_element(name)
        for name in (
            "abs", "sqrt", "relu", "sin", "tan", "sinh", "tanh", "asin", "atan", "asinh",
            "atanh", "floor", "ceil", "trunc", "sign", "sgn", "expm1", "log1p", "square", "isnan",
        )
    }
)  # fmt: skip


def _in_kind(name: str) -> Any:
    def convert_elements(self: SparseTensor) -> SparseTensor:
        return self._with(getattr(self._elements, name)())

    convert_elements.__name__ = name
    convert_elements.__doc__ = f"The elements as ``Tensor.{name}`` gives them."
    return convert_elements


for _kind in (
    "bfloat16", "bool", "byte", "cdouble", "cfloat", "char", "double", "float", "half", "int",
    "long", "short",
):  # fmt: skip
    setattr(SparseTensor, _kind, _in_kind(_kind))


@_form("neg")
def negated(input: SparseTensor) -> SparseTensor:
    """The sign turned; what adds up may stay apart."""
    return input._with(function("neg")(input._elements))


@_form("pow")
def power(input: Any, exponent: Any) -> Any:
    """By a positive number, which keeps 0 where it is."""
    if not isinstance(input, SparseTensor) or not isinstance(exponent, (int, float)):
        raise NotImplementedError("torch.pow of a sparse tensor takes a number as its exponent")
    if exponent <= 0:
        raise RuntimeError("pow of a sparse tensor needs a positive exponent")
    merged = input.coalesce()
    return merged._with(function("pow")(merged._elements, exponent))


@_form("_vector_norm")
def vector_norm(input: SparseTensor, *given: Any) -> Any:
    """The norm of the elements, those that are not kept being 0."""
    return function("_vector_norm")(input.coalesce()._elements, *given)


@_form("sum")
def total(input: SparseTensor, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """All elements: a dense number. Over axes: sparse, or dense where no sparse axis is left."""
    elements = input._elements if dtype is None else input._elements.to(dtype)  # type: ignore[attr-defined]
    if dim is None or dim == ():
        return function("sum")(elements)
    if keepdim:
        raise NotImplementedError("the sum of a sparse tensor with keepdim=True")
    dims = sorted({each % input.ndim for each in ((dim,) if isinstance(dim, int) else dim)})
    count = input.sparse_dim()
    inner = [each - count + 1 for each in dims if each >= count]
    if inner:
        elements = function("sum")(elements, tuple(inner))
    left = [axis for axis in range(count) if axis not in dims]
    if not left:
        return function("sum")(elements, 0)
    sizes = [size for axis, size in enumerate(input._sizes) if axis not in dims]
    places = function("index_select")(input._places, 0, Tensor._from_array(np.array(left)))
    return SparseTensor._make(places, elements, sizes).coalesce()


def normalised(input: SparseTensor, dim: int, logarithm: bool) -> SparseTensor:
    """Softmax along ``dim`` over the elements that are kept; the others count as -inf."""
    merged = input.coalesce()
    axis = dim % merged.ndim
    if merged.dense_dim():
        raise NotImplementedError("softmax of a sparse tensor with dense axes")
    places, sizes = merged._places._array(), list(merged._sizes)
    others = [k for k in range(merged.ndim) if k != axis]
    groups = np.zeros(merged._nnz(), np.int64)
    for k in others:
        groups = groups * sizes[k] + places[k]
    count = math.prod(sizes[k] for k in others)
    # The largest of each group is taken out, so that exp does not overflow; it cancels.
    highest = np.full(count, -np.inf)
    np.maximum.at(highest, groups, merged._elements._array().astype(np.float64))
    shift = Tensor._from_array(highest[groups].astype(merged.dtype.np))
    slots = Tensor._from_array(groups)
    apart = function("sub")(merged._elements, shift)
    powers = function("exp")(apart)
    sums = function("index_select")(summed(powers, slots, count), 0, slots)
    if logarithm:
        return merged._with(function("sub")(apart, function("log")(sums)))
    return merged._with(function("div")(powers, sums))
