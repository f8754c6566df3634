"""Views that are copied (``permute_copy``), and copies with a part replaced (``slice_scatter``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.dtype import bool_
from rushlight.tensor.functions import split as cuts
from rushlight.tensor.functions.register import FUNCTIONS, METHODS, public
from rushlight.tensor.memory_format import contiguous_format, copy_in
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_VIEWS = (
    "expand", "diagonal", "view", "permute", "unfold", "squeeze", "unsqueeze",
    "transpose", "t", "select", "detach",
)  # fmt: skip
_CUTS = ("unbind", "split", "split_with_sizes")


def _copied(result: Any) -> Any:
    """Row-major copies, however the views lie."""
    if isinstance(result, Tensor) and not result.is_sparse:  # type: ignore[attr-defined]
        return copy_in(result, contiguous_format, function("clone"))
    if isinstance(result, Tensor):
        return result  # nothing else looks at a sparse tensor's memory
    return tuple(map(_copied, result))


def _look(name: str) -> Callable[..., Any]:
    """The view ``name``, as a method would take its arguments."""
    return FUNCTIONS[name] if name in METHODS else lambda x, *a, **k: getattr(x, name)(*a, **k)


def _add(name: str, *, method: bool = False) -> None:
    look = _look(name)

    def copy(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        return _copied(look(input, *args, **kwargs))

    copy.__name__ = copy.__qualname__ = f"{name}_copy"
    copy.__doc__ = f"``{name}``, in memory of its own."
    public(method=method, out=True)(copy)


for _name in (*_VIEWS, *_CUTS):
    _add(_name)


@public(method=True, out=True)
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """``narrow``, in memory of its own."""
    if dim >= input.ndim > 0:  # no IndexError, as PyTorch's other names raise
        raise RuntimeError(
            f"narrow_copy(): Expected dim < self.dim() to be true, but got dim {dim} of a "
            f"{input.ndim}-dimensional tensor"
        )
    copied: Tensor = _copied(function("narrow")(input, dim, start, length))
    return copied


@public(out=True)
def alias_copy(input: Tensor) -> Tensor:
    """A copy."""
    copied: Tensor = _copied(input)
    return copied


@public(out=True)
def as_strided_copy(
    input: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """``as_strided``, in memory of its own."""
    copied: Tensor = _copied(input.as_strided(size, stride, storage_offset))  # type: ignore[attr-defined]
    return copied


def _free(parts: Any) -> Any:
    """Views that may be written to: who uses these functions promises what ``split`` asks."""
    for part in parts:
        part._part_of = ""
    return parts


@public(method=True)
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> Any:
    """``chunk``, whose parts may be written to."""
    return _free(cuts.chunk(input, chunks, dim))


@public(method=True)
def unsafe_split(input: Tensor, split_size: Any, dim: int = 0) -> Any:
    """``split``, whose parts may be written to."""
    return _free(cuts.split(input, split_size, dim))


@public(method=True)
def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> Any:
    """``split_with_sizes``, whose parts may be written to."""
    return _free(cuts.split_with_sizes(input, split_sizes, dim))


# A part replaced


def _written(input: Tensor, src: Tensor, look: Callable[[Tensor], Tensor], what: str) -> Tensor:
    whole: Tensor = function("clone")(input)
    part = look(whole)
    if part.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the {what} of self. src size = "
            f"{list(src.shape)}, {what} size = {list(part.shape)}"
        )
    part.copy_(src)  # type: ignore[attr-defined]
    return whole


@public(method=True, out=True)
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of ``input`` with ``select(dim, index)`` replaced by ``src``."""
    return _written(input, src, lambda x: function("select")(x, dim, index), "slice")


@public(method=True, out=True)
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """A copy of ``input`` with ``start:end:step`` along ``dim`` replaced by ``src``."""
    axis = dim if dim >= 0 else dim + input.ndim
    place = (*(slice(None),) * axis, slice(start, end, step))
    return _written(input, src, lambda x: x[place], "slice")  # type: ignore[index, no-any-return]


@public(method=True, out=True)
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy of ``input`` with ``diagonal(offset, dim1, dim2)`` replaced by ``src``."""
    return _written(input, src, lambda x: function("diagonal")(x, offset, dim1, dim2), "diagonal")


@public(method=True, out=True)
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Any, stride: Any, storage_offset: int | None = None
) -> Tensor:
    """A copy of ``input``, and of all of its memory where it has gaps, with
    ``as_strided(size, stride, storage_offset)`` replaced by ``src``."""
    count = input._share().value.meta.numel
    if input._current_layout().overlaps or (input.is_contiguous() and input.numel() == count):
        return _written(
            input, src, lambda x: x.as_strided(size, stride, storage_offset), "slice"  # type: ignore[attr-defined]
        )  # fmt: skip
    if input.requires_grad and not input.is_contiguous():
        raise RuntimeError("as_strided_scatter is currently only supported for contiguous inputs")
    whole = input.as_strided((count,), (1,), 0)  # type: ignore[attr-defined]
    start = input.storage_offset() if storage_offset is None else storage_offset
    replaced = _written(whole, src, lambda x: x.as_strided(size, stride, start), "slice")  # type: ignore[attr-defined]
    seen: Tensor = replaced.as_strided(input.shape, input.stride(), input.storage_offset())  # type: ignore[attr-defined]
    return seen


@public(method=True)
def positive(input: Tensor) -> Tensor:
    """The tensor itself. Raises RuntimeError for bool, as ``+x`` does."""
    if input.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input
