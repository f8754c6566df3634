"""Tensors of what is there already: ``tensor``, ``as_tensor``, ``from_numpy``, ``frombuffer``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.absent import refuse
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.base.warn import asked_by_user, warn, warn_once
from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.device import require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.nested_data import holds_typed, plain, promoted
from rushlight.tensor.plain_lists import of_plain_numbers
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.wrap import function


def finish(made: Tensor, requires_grad: bool) -> Tensor:
    """``made``, a leaf with a gradient where that is wanted."""
    if requires_grad:
        if not (made.dtype.is_floating_point or made.dtype.is_complex):
            raise RuntimeError(
                "Only Tensors of floating point and complex dtype can require gradients"
            )
        made.requires_grad = True
    return made


def _infer(data: Any, typed: bool) -> Any:
    """Nested sequences (of numbers; of arrays or tensors too where ``typed``) as a NumPy array."""
    if isinstance(data, Tensor):
        return data._array()
    if isinstance(data, (list, tuple)):
        numbers = plain(data) if typed else data
        try:
            return np.asarray(numbers)
        except ValueError:
            _explain_ragged(data)
            raise
    return np.asarray(data)


def _explain_ragged(data: Any, dim: int = 0) -> None:
    nested = [isinstance(each, (list, tuple)) for each in data]
    if any(nested) and not all(nested):
        if nested[0]:
            raise TypeError("not a sequence")
        raise TypeError(
            f"'{type(data[nested.index(True)]).__name__}' object cannot be interpreted as an "
            "integer"
        )
    lengths = [len(each) if isinstance(each, (list, tuple)) else -1 for each in data]
    for length in lengths:
        if length != lengths[0]:
            raise ValueError(
                f"expected sequence of length {max(lengths[0], 0)} at dim {dim + 1} "
                f"(got {max(length, 0)})"
            )
    for each in data:
        if isinstance(each, (list, tuple)):
            _explain_ragged(each, dim + 1)


def _kind_of(data: Any, array: np.ndarray[Any, Any], typed: bool) -> DType:
    """The dtype of data that says none: Python floats give the default dtype."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        return dtypes.from_numpy(array.dtype)
    if typed:
        kind = promoted(data)
        if kind is not None:
            return kind
    if array.size == 0 and isinstance(data, (list, tuple)):
        return get_default_dtype()
    if array.dtype.kind == "f":
        return get_default_dtype()
    if array.dtype.kind == "c":
        return get_default_dtype().to_complex()
    if array.dtype.kind == "O":
        raise _unsupported(data)
    return dtypes.from_numpy(array.dtype)


def _holds_none(data: Any) -> bool:
    return data is None or (isinstance(data, (list, tuple)) and any(map(_holds_none, data)))


def _text_in(data: Any) -> str | bytes | None:
    """A text among nested numbers."""
    if isinstance(data, (list, tuple)):
        return next((found for each in data if (found := _text_in(each)) is not None), None)
    return data if isinstance(data, (str, bytes)) else None


def _unsupported(data: Any) -> Exception:
    leaf = data
    while isinstance(leaf, (list, tuple)) and leaf:
        leaf = leaf[0]
    if isinstance(leaf, np.ndarray):
        return TypeError(
            f"can't convert np.ndarray of type numpy.{leaf.dtype.type.__name__}. The only "
            "supported types are: float64, float32, float16, bfloat16, complex64, complex128, "
            "int64, int32, int16, int8, uint8 and bool."
        )
    if isinstance(leaf, int):
        if _holds_none(data):
            return RuntimeError("Could not infer dtype of NoneType")
        text = _text_in(data)
        if text is not None:
            return TypeError(f"new(): invalid data type '{type(text).__name__}'")
        return ValueError("Overflow when unpacking long long")
    if isinstance(leaf, (str, bytes)):
        if data is leaf or isinstance(leaf, bytes):
            return TypeError(f"new(): invalid data type '{type(leaf).__name__}'")
        return ValueError(f"too many dimensions '{type(leaf).__name__}'")
    return RuntimeError(f"Could not infer dtype of {type(leaf).__name__}")


@takes_dtype
def tensor(
    data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A new tensor with a copy of ``data``: numbers, nested sequences, arrays or tensors."""
    require_cpu(device)
    if dtype is None or dtype.__class__ is DType:
        made = of_plain_numbers(data, dtype)
        if made is not None:
            return finish(made, requires_grad)
    if isinstance(data, Tensor):
        warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor)."
        )
    if isinstance(data, list) and data and isinstance(data[0], np.ndarray):
        warn_once(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider "
            "converting the list to a single numpy.ndarray with numpy.array() before converting "
            "to a tensor."
        )
    typed = isinstance(data, (list, tuple)) and holds_typed(data)
    array = _infer(data, typed)
    if array.dtype.kind in "OUS":
        raise _unsupported(data)
    if dtype is not None and not isinstance(dtype, DType):
        refuse(dtype, "tensor")
        raise TypeError(
            f"tensor(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}"
        )
    listed = not isinstance(data, (np.ndarray, np.generic, Tensor))
    if array.dtype == np.uint64 and listed and dtype is not dtypes.uint64:
        raise ValueError("Overflow when unpacking long long")
    kind = _kind_of(data, array, typed) if dtype is None else dtype
    if array.dtype.kind in "fiu" and listed:
        _require_whole(array, kind)
    if array.dtype.kind == "c" and listed and not (kind.is_complex or kind is dtypes.bool_):
        raise TypeError("must be real number, not complex")
    return finish(_copied(array, kind), requires_grad)


def _require_whole(array: np.ndarray[Any, Any], kind: DType) -> None:
    """RuntimeError where Python numbers do not fit into a dtype of whole ones (uint8 takes -1)."""
    if kind.is_floating_point or kind.is_complex or kind is dtypes.bool_ or not array.size:
        return
    held = array.dtype
    if held.kind == "i" and kind.is_signed and held.itemsize <= kind.itemsize:
        return  # all that the array can hold
    if kind is dtypes.uint64:
        if array.dtype.kind == "f":
            raise TypeError(f"an integer is required to make a tensor of {kind}")
        if (array < 0).any():
            raise OverflowError("can't convert negative int to unsigned")
    limits = np.iinfo(kind.np)
    wraps = kind is dtypes.uint8 or (not kind.is_signed and array.dtype.kind == "i")
    lowest = -int(limits.max) if wraps else limits.min
    if not ((array >= lowest) & (array <= limits.max)).all():
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")


def _copied(array: np.ndarray[Any, Any], kind: DType) -> Tensor:
    if array.dtype == kind.np:
        buffer = Buffer.copying(array)
    else:
        with np.errstate(all="ignore"):
            buffer = Buffer(array.size * kind.itemsize)
            buffer.array(kind.np, array.shape)[...] = array
    return Tensor._of(mark_made(concrete(buffer, array.shape, kind)))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the array's own memory: a write to one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.flags.writeable and asked_by_user():
        warn_once(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You "
            "may want to copy the array to protect its data or make it writable before converting "
            "it to a tensor. This type of warning will be suppressed for the rest of this program."
        )
    return Tensor._from_array(ndarray, copy=False)


@takes_dtype
def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """``data`` as a tensor, sharing memory where it can."""
    require_cpu(device)
    if isinstance(data, Tensor):
        return data if dtype is None else function("_to_dtype")(data, dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None or dtype is made.dtype else function("_to_dtype")(made, dtype)
    return tensor(data, dtype=dtype)


@takes_dtype
def asarray(
    obj: Any, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None,
    requires_grad: bool | None = None,
) -> Tensor:  # fmt: skip
    """``obj`` as a tensor; ``copy`` True: always new memory, False: never.

    A tensor stays in its gradient graph unless ``requires_grad`` is False.
    """
    made = as_tensor(obj, dtype, device)
    if copy and (made is obj or not isinstance(obj, Tensor)):
        made = made.clone()  # type: ignore[attr-defined]
    if requires_grad is None or made.requires_grad == requires_grad:
        return made
    return finish(made, True) if requires_grad else made.detach()


@takes_dtype
def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor on the memory of an object with the buffer protocol."""
    size = memoryview(buffer).nbytes
    if not size or not count:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    array = np.frombuffer(buffer, dtype.np, count, offset)
    if not array.flags.writeable:
        warn_once(
            "The given buffer is not writable, and PyTorch does not support non-writable tensors. "
            "This means you can write to the underlying (supposedly non-writable) buffer using the "
            "tensor. You may want to copy the buffer to protect its data or make it writable "
            "before converting it to a tensor. This type of warning will be suppressed for the "
            "rest of this program."
        )
    return finish(Tensor._from_array(array, copy=False), requires_grad)


@takes_dtype
def from_file(
    filename: str, shared: bool | None = None, size: int | None = 0, *,
    dtype: DType | None = None, layout: Any = None, device: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``size`` elements on the memory of a file. ``shared``: what is written goes to the file,
    which is made, or made larger, where it does not hold as many.

    Raises RuntimeError for a file that is not there, or, not ``shared``, too small.
    """
    kind, count = dtype or get_default_dtype(), size or 0
    needed = count * kind.itemsize
    try:
        with Path(filename).open("ab" if shared else "rb") as file:
            there = file.seek(0, 2)
            if shared and there < needed:
                file.truncate(needed)
    except OSError as error:
        mode = "read-write" if shared else "read-only"
        raise RuntimeError(
            f"unable to open file <{filename}> in {mode} mode: {error.strerror} ({error.errno})"
        ) from None
    if not shared and there < needed:
        raise RuntimeError(
            f"file <{filename}> size <{there}> is smaller than the required mapping size <{needed}>"
        )
    if not count:
        return Tensor._from_array(np.zeros(0, kind.np))
    mapped = np.memmap(filename, kind.np, "r+" if shared else "c", shape=(count,))
    return Tensor._from_array(np.asarray(mapped), copy=False)


@takes_dtype
def scalar_tensor(
    s: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A 0-d tensor of the default dtype unless given."""
    kind = dtype or get_default_dtype()
    return tensor(s, dtype=kind, device=device, requires_grad=requires_grad)
