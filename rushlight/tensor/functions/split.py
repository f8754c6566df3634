"""Tensors cut into views, and joined: split, chunk, unbind, hstack, atleast_2d and the like."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from rushlight.base.hot import hot
from rushlight.base.shape import Shape, broadcast_shapes, normalize_dim
from rushlight.engine.trace import local
from rushlight.engine.value import Size
from rushlight.ops.view.sizes import one_size, sizes, whole_sizes
from rushlight.tensor.argument_kinds import is_whole, require_tensors
from rushlight.tensor.functions.register import public, torch_form
from rushlight.tensor.numpy_names import also_named
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Tensors = tuple[Tensor, ...]


@hot
def _cut(input: Tensor, dim: int, lengths: Sequence[int], who: str = "") -> Tensors:
    """Views of these lengths; parts of one call of ``who``, where PyTorch's are that."""
    narrow = function("narrow")
    parts, start = [], 0
    for length in lengths:
        parts.append(narrow(input, dim, start, length))
        start += length
    return parts_of(who, parts)


@hot
def parts_of(who: str, parts: Iterable[Tensor]) -> Tensors:
    """The views that one call of ``who`` makes: none may be written to where gradient flows."""
    made = tuple(parts)
    if who and local.trace.grad:
        for number, part in enumerate(made):
            part._part_of, part._part = who, number
    return made


@public(method=True)
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> Tensors:
    """Views of the given lengths along ``dim``; the lengths add up to its size."""
    axis = normalize_dim(dim, input.ndim)
    lengths = list(whole_sizes("split_with_sizes", (tuple(split_sizes),), "split_sizes"))
    if sum(lengths) != input.shape[axis]:
        raise RuntimeError(
            "split_with_sizes expects split_sizes to sum exactly to "
            f"{input.shape[axis]} (input tensor's size at dimension {dim}), but got split_sizes="
            f"{lengths}"
        )
    if any(length < 0 for length in lengths):
        raise RuntimeError(
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={lengths}"
        )
    return _cut(input, axis, lengths, "SplitWithSizes")


@public(method=True)
@also_named(split_size="split_size_or_sections")
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> Tensors:
    """Views of ``split_size`` (the last may be smaller), or of a list of sizes, along ``dim``."""
    if isinstance(split_size_or_sections, Tensor) and split_size_or_sections.numel() == 1:
        split_size_or_sections = split_size_or_sections.item()
    if not isinstance(split_size_or_sections, int) and hasattr(split_size_or_sections, "__iter__"):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    if not is_whole(split_size_or_sections):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            f"{type(split_size_or_sections).__name__}"
        )
    length = int(split_size_or_sections)
    if tensor.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if length < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={length}")
    axis = normalize_dim(dim, tensor.ndim)
    size = tensor.shape[axis]
    if length == 0 and size:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}"
        )
    count = max(-(-size // length), 1) if length else 1
    lengths = [min(length, size - k * length) for k in range(count)]
    return _cut(tensor, axis, lengths, "Split")


@public(method=True)
def chunk(input: Tensor, chunks: int, dim: int = 0) -> Tensors:
    """At most ``chunks`` views of equal size along ``dim``; the last may be smaller."""
    if input.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if isinstance(chunks, Tensor):
        chunks = operator.index(chunks)
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = normalize_dim(dim, input.ndim)
    size = input.shape[axis]
    length = -(-size // chunks)
    if length == 0:
        return _cut(input, axis, [0] * chunks, "Split")
    return split(input, length, axis)


# How the overloads for a number and for a list call it.
_ALSO = also_named(
    sections="indices_or_sections", indices="indices_or_sections",
    tensor_indices_or_sections="indices_or_sections",
)  # fmt: skip


@public(method=True)
@_ALSO
def tensor_split(input: Tensor, indices_or_sections: int | Shape | Tensor, dim: int = 0) -> Tensors:
    """Views before, between and after the given indices, or that many nearly equal ones."""
    if input.ndim == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got 0 dims")
    axis = normalize_dim(dim, input.ndim)
    size = input.shape[axis]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, (int, np.integer)):
        sections = indices_or_sections
        if sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
        short, longer = divmod(size, sections)
        return _cut(input, axis, [short + (k < longer) for k in range(sections)])
    narrow = function("narrow")
    parts, start = [], 0
    for place in (*indices_or_sections, size):
        stop = min(max(place + size if place < 0 else place, 0), size)
        begin = min(start, size)
        parts.append(narrow(input, axis, begin, max(stop - begin, 0)))
        start = stop
    return tuple(parts)


@public(method=True)
def unbind(input: Tensor, dim: int = 0) -> Tensors:
    """Every slice along ``dim`` as a view, without that axis."""
    if input.ndim == 0:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = normalize_dim(dim, input.ndim)
    select = function("select")
    return parts_of("Unbind", (select(input, axis, k) for k in range(input.shape[axis])))


def _axis_split(name: str, rank: int, axis: int) -> Any:
    def cut(input: Tensor, indices_or_sections: int | Shape | Tensor) -> Tensors:
        if input.ndim < rank:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {rank} dimension"
                f"{'s' if rank > 1 else ''}, but got a tensor with {input.ndim} dimensions!"
            )
        dim = 0 if input.ndim == 1 else axis
        sections = indices_or_sections
        if isinstance(sections, Tensor):
            if sections.ndim or not is_whole(sections):
                raise TypeError(
                    f"{name}(): argument 'indices' (position 2) must be tuple of ints, not Tensor"
                )
            sections = sections.item()  # type: ignore[attr-defined]
        if not isinstance(sections, (tuple, list)) and (
            sections <= 0 or input.shape[dim] % sections
        ):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the "
                f"dimension {input.shape[dim]} is not divisible by the split_size {sections}!"
            )
        return tensor_split(input, sections, dim)

    cut.__name__ = cut.__qualname__ = name
    cut.__doc__ = f"tensor_split along axis {axis}."
    named = _ALSO(cut)

    def method(input: Tensor, *given: Any, **names: Any) -> Tensors:
        return named(input, *((given,) if len(given) > 1 else given), **names)  # type: ignore[no-any-return]

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"tensor_split along axis {axis}; indices in one sequence or one by one."
    torch_form(named)
    return public(torch=False, method=True)(method)


hsplit = _axis_split("hsplit", 1, 1)
vsplit = _axis_split("vsplit", 2, 0)
dsplit = _axis_split("dsplit", 3, 2)


# Ranks


def _each(make: Any, tensors: tuple[Any, ...]) -> Any:
    given = tensors[0] if len(tensors) == 1 else tensors
    if not isinstance(given, Tensor):
        require_tensors(given)
    return make(given) if isinstance(given, Tensor) else tuple(map(make, given))


def _one(x: Tensor) -> Tensor:
    return x.reshape(1) if x.ndim == 0 else x


def _two(x: Tensor) -> Tensor:
    unsqueeze = function("unsqueeze")
    return x.reshape(1, 1) if x.ndim == 0 else unsqueeze(x, 0) if x.ndim == 1 else x


def _three(x: Tensor) -> Tensor:
    x = _two(x)
    return function("unsqueeze")(x, -1) if x.ndim == 2 else x


@public()
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one axis."""
    return _each(_one, tensors)


@public()
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two axes: (N) becomes (1, N)."""
    return _each(_two, tensors)


@public()
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three axes: (N) becomes (1, N, 1), (M, N) becomes (M, N, 1)."""
    return _each(_three, tensors)


# Joining


def _given(who: str, tensors: Iterable[Tensor]) -> Tensors:
    parts = tuple(tensors)
    if not parts:
        raise RuntimeError(f"{who} expects a non-empty TensorList")
    return parts


@public(aliases=("row_stack",), out=True)
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Row by row: at least 2-d, joined along axis 0."""
    joined: Tensor = function("cat")(_given("vstack", map(_two, tensors)), 0)
    return joined


@public(out=True)
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Column by column: along axis 1, or 0 for vectors."""
    parts = _given("hstack", map(_one, tensors))
    joined: Tensor = function("cat")(parts, 0 if parts[0].ndim == 1 else 1)
    return joined


@public(out=True)
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """In depth: at least 3-d, joined along axis 2."""
    joined: Tensor = function("cat")(_given("dstack", map(_three, tensors)), 2)
    return joined


@public(out=True)
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors as the columns of a matrix; matrices side by side."""
    parts = tuple(x.reshape(-1, 1) if x.ndim <= 1 else x for x in tensors)
    joined: Tensor = function("cat")(parts, 1)
    return joined


# Shapes


@public()
def broadcast_tensors(*tensors: Any) -> Tensors:
    """Views of one common shape."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors
    require_tensors(given)
    shape = broadcast_shapes(*(x.shape for x in given))
    expand = function("expand")
    return tuple(expand(x, *shape) for x in given)


@public(name="broadcast_shapes")
def common_shape(*shapes: Any) -> Any:
    """The shape that all ``shapes`` (tuples or ints) broadcast to."""
    plain = [(each,) if isinstance(each, int) else tuple(each) for each in shapes]
    return Size(broadcast_shapes(*plain))


@public(method=True)
def ravel(input: Tensor) -> Tensor:
    """One axis without gaps: a view where the elements lie so."""
    return input.contiguous().reshape(-1)  # type: ignore[attr-defined,no-any-return]


@public(torch=False, method=True)
def sum_to_size(input: Tensor, *sizes_: int, size: Any = None) -> Tensor:
    """Summed over broadcast axes down to ``size``, given as numbers or as one tuple."""
    shape = tuple(sizes(one_size("sum_to_size", sizes_, size)))
    lead = input.ndim - len(shape)
    fits = lead >= 0 and all(a in (1, b) for a, b in zip(shape, input.shape[lead:], strict=True))
    if not fits:
        raise RuntimeError(
            f"size {{{list(shape)}}} is not expandable to size {{{list(input.shape)}}}."
        )
    axes = tuple(range(lead)) + tuple(
        lead + k for k, n in enumerate(shape) if n == 1 and input.shape[lead + k] != 1
    )
    # To no axes at all is a plain sum, which counts bools.
    summed: Tensor = function("sum")(input, axes) if axes or not shape else input
    return summed.reshape(shape)
