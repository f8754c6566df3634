"""Creation: ``tensor``, ``zeros``, ``arange``, ``from_numpy`` and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.ops.create import steps_of
from rushlight.ops.view.sizes import one_size, whole_sizes
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.arrange import relaid
from rushlight.tensor.device import Device, require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.kinds import require_fits
from rushlight.tensor.memory_format import (
    made_like,
    preserve_format,
    require_format,
    strides_in,
)
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.wrap import function

Shape = tuple[int, ...]


def _finish(made: Tensor, requires_grad: bool) -> Tensor:
    if requires_grad:
        made.requires_grad = True
    return made


def _size(who: str, size: tuple[Any, ...]) -> Shape:
    plain = whole_sizes(who, size)
    if any(each < 0 for each in plain):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(plain)}: {list(plain)}"
        )
    return plain


def _constant(size: Shape, value: Any, dtype: DType, requires_grad: bool) -> Tensor:
    if value in (0, 1) and not isinstance(value, (float, complex)):
        return _finish(function("_constant")(size, int(value), dtype), requires_grad)
    require_fits(value, dtype)
    if isinstance(value, complex):
        return _finish(Tensor._from_array(np.full(size, value, dtype.np), copy=True), requires_grad)
    return _finish(function("_full")(size, value, dtype), requires_grad)


def _maker(value: int, name: str) -> Any:
    def make(
        *sizes: Any, size: Any = None, out: Any = None, dtype: DType | None = None,
        layout: Any = None, device: Any = None, requires_grad: bool = False,
        pin_memory: bool = False, names: Any = None,
    ) -> Tensor:  # fmt: skip
        require_cpu(device)
        shape = _size(name, one_size(name, sizes, size))
        if out is not None:
            return _into(out, _constant(shape, value, dtype or out.dtype, False))
        return _constant(shape, value, dtype or get_default_dtype(), requires_grad)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A tensor of {'ones' if value else 'zeros'} of shape ``size``."
    return takes_dtype(make)


def _into(out: Tensor, made: Tensor) -> Tensor:
    from rushlight.tensor.out import write_out

    return write_out("out", out, made)


zeros = _maker(0, "zeros")
ones = _maker(1, "ones")


@takes_dtype
def empty(
    *sizes: Any, size: Any = None, out: Any = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of shape ``size``; its elements are zeros (PyTorch leaves them undefined)."""
    shape = _size("empty", one_size("empty", sizes, size))
    made: Tensor = zeros(shape, out=out, dtype=dtype, device=device, requires_grad=requires_grad)
    require_format("empty", memory_format)
    if memory_format is None or out is not None:
        return made
    if memory_format is preserve_format:
        raise RuntimeError("unsupported memory format option Preserve")
    return relaid(made, strides_in(made._current_layout(), memory_format))


@takes_dtype
def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``fill_value`` everywhere; the dtype follows the value's unless given."""
    require_cpu(device)
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    if isinstance(fill_value, np.generic):
        fill_value = fill_value.item()
    kind = dtype or (dtypes.number_dtype(fill_value) if out is None else out.dtype)
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    if not isinstance(fill_value, (int, float, complex)):
        raise TypeError(
            "full(): argument 'fill_value' (position 2) must be Number, not "
            f"{type(fill_value).__name__}"
        )
    shape = _size("full", (size,))
    made = _constant(shape, fill_value, kind, requires_grad)
    return made if out is None else _into(out, made)


def _like(make: Any) -> Any:
    def like(
        input: Tensor, *args: Any, dtype: DType | None = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, memory_format: Any = None,
    ) -> Tensor:  # fmt: skip
        made: Tensor = make(
            tuple(input.shape), *args, dtype=dtype or input.dtype, device=device,
            requires_grad=requires_grad,
        )  # fmt: skip
        require_format(make.__name__ + "_like", memory_format)
        return made_like(made, input, memory_format)

    like.__name__ = like.__qualname__ = f"{make.__name__}_like"
    like.__doc__ = f"As ``{make.__name__}`` with the shape and dtype of ``input``."
    return takes_dtype(like)


zeros_like, ones_like, empty_like, full_like = map(_like, (zeros, ones, empty, full))


@takes_dtype
def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, out: Any = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, ... below end. Whole arguments give int64."""
    require_cpu(device)
    if end is None:
        if start is None:
            raise TypeError('arange() missing 1 required positional arguments: "end"')
        start, end = 0, start
    elif start is None:
        start = 0
    start, end, step = (
        each.item() if isinstance(each, (Tensor, np.generic)) else each
        for each in (start, end, step)
    )
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        whole = all(isinstance(each, int) for each in (start, end, step))
        dtype = dtypes.int64 if whole else get_default_dtype()
    if dtype is dtypes.int64:
        if step != 0 and int(step) == 0:
            raise ValueError("step must be nonzero")
        start, end, step = int(start), int(end), int(step)
    count = steps_of(start, end, step)
    made = _finish(function("_arange")(start, step, count, dtype), requires_grad)
    return made if out is None else _into(out, made)


@takes_dtype
def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``steps`` numbers evenly from start to end, both included."""
    require_cpu(device)
    _whole_steps("linspace", steps)
    start, end = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    if not (kind.is_floating_point or kind.is_complex):
        start, end = int(start), int(end)
    made = _finish(function("_linspace")(start, end, steps, kind), requires_grad)
    return made if out is None else _into(out, made)


def _whole_steps(who: str, steps: Any) -> None:
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool):
        raise TypeError(f"{who}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")


@takes_dtype
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None,
    dtype: DType | None = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """base ** linspace(start, end, steps)."""
    _whole_steps("logspace", steps)
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    start, end = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    real = kind
    if not (kind.is_floating_point or kind.is_complex):
        start, end, real = int(start), int(end), get_default_dtype()
    exponents = linspace(start, end, steps, dtype=real, device=device)
    powers = function("pow")(float(base), exponents)
    made = _finish(powers if real is kind else function("_to_dtype")(powers, kind), requires_grad)
    return made if out is None else _into(out, made)


@takes_dtype
def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal of an n by m matrix."""
    require_cpu(device)
    columns = n if m is None else m
    if n < 0 or columns < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {min(n, columns)}")
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    made = _finish(function("_eye")(n, columns, kind), requires_grad)
    return made if out is None else _into(out, made)


# From data


def _infer(data: Any) -> Any:
    """Nested sequences (of numbers, arrays or tensors) as a NumPy array."""
    if isinstance(data, Tensor):
        return data._array()
    if isinstance(data, (list, tuple)):
        plain = _unwrap(data)
        try:
            return np.asarray(plain)
        except ValueError:
            _explain_ragged(data)
            raise
    return np.asarray(data)


def _unwrap(data: Any) -> Any:
    if isinstance(data, Tensor):
        return data.item() if data.ndim == 0 else data._array()
    if isinstance(data, (list, tuple)) and any(
        isinstance(each, (list, tuple, Tensor)) for each in data
    ):
        return [_unwrap(each) for each in data]
    return data


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


def _kind_of(data: Any, array: np.ndarray[Any, Any]) -> DType:
    """The dtype of data that says none: Python floats give the default dtype."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        return dtypes.from_numpy(array.dtype)
    leaf = data
    while isinstance(leaf, (list, tuple)) and leaf:
        leaf = leaf[0]
    if isinstance(leaf, (np.ndarray, np.generic)):
        return dtypes.from_numpy(array.dtype)
    if isinstance(leaf, Tensor) and leaf.ndim:
        return leaf.dtype
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
    if isinstance(data, Tensor):
        warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach()."
            "clone() or sourceTensor.detach().clone().requires_grad_(True), rather than "
            "torch.tensor(sourceTensor)."
        )
    array = _infer(data)
    if array.dtype.kind in "OUS":
        raise _unsupported(data)
    if dtype is not None and not isinstance(dtype, DType):
        raise TypeError(
            f"tensor(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}"
        )
    if array.dtype == np.uint64 and not isinstance(data, (np.ndarray, np.generic, Tensor)):
        raise ValueError("Overflow when unpacking long long")
    kind = _kind_of(data, array) if dtype is None else dtype
    if array.dtype.kind in "fiu" and not isinstance(data, (np.ndarray, np.generic, Tensor)):
        _require_whole(array, kind)
    return _finish(_copied(array, kind), requires_grad)


def _require_whole(array: np.ndarray[Any, Any], kind: DType) -> None:
    """RuntimeError where Python numbers do not fit into a dtype of whole ones (uint8 takes -1)."""
    if kind.is_floating_point or kind.is_complex or kind is dtypes.bool_ or not array.size:
        return
    limits = np.iinfo(kind.np)
    lowest = -limits.max if kind is dtypes.uint8 else limits.min
    if not ((array >= lowest) & (array <= limits.max)).all():
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow")


def _copied(array: np.ndarray[Any, Any], kind: DType) -> Tensor:
    with np.errstate(all="ignore"):
        buffer = Buffer(array.size * kind.itemsize)
        buffer.array(kind.np, array.shape)[...] = array
    return Tensor._of(mark_made(concrete(buffer, array.shape, kind)))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the array's own memory: a write to one is seen in the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
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
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``obj`` as a tensor; ``copy`` True: always new memory, False: never."""
    made = tensor(obj, dtype=dtype) if copy else as_tensor(obj, dtype, device)
    return _finish(made.detach() if made is obj and requires_grad else made, requires_grad)


@takes_dtype
def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor on the memory of an object with the buffer protocol."""
    array = np.frombuffer(buffer, dtype.np, count, offset)
    return _finish(Tensor._from_array(array, copy=False), requires_grad)


@takes_dtype
def scalar_tensor(
    s: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A 0-d tensor of the default dtype unless given."""
    kind = dtype or get_default_dtype()
    return tensor(s, dtype=kind, device=device, requires_grad=requires_grad)


def legacy(kind: DType | None, args: Sequence[Any]) -> Tensor:
    """``torch.Tensor(2, 3)``, ``torch.FloatTensor([1, 2])`` and the like."""
    dtype = kind or get_default_dtype()
    if not args:
        return empty(0, dtype=dtype)
    if all(isinstance(each, int) and not isinstance(each, bool) for each in args):
        return empty(*args, dtype=dtype)
    if len(args) == 1:
        (data,) = args
        if isinstance(data, tuple) and type(data).__name__ == "Size":
            return empty(*data, dtype=dtype)
        if isinstance(data, Tensor):
            if data.dtype is not dtype:
                raise TypeError(f"expected {dtype} (got {data.dtype}); use .to() to convert")
            return data._alias()
        return tensor(data, dtype=dtype)
    raise TypeError(f"new(): invalid combination of arguments: {[type(a).__name__ for a in args]}")


__all__ = [
    "LEAF",
    "Device",
    "arange",
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "frombuffer",
    "full",
    "full_like",
    "legacy",
    "linspace",
    "local",
    "logspace",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tensor",
    "zeros",
    "zeros_like",
]  # fmt: skip
