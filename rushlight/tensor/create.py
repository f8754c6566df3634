"""Tensors made of nothing: ``zeros``, ``full``, ``arange``, ``eye`` and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.ops.create import steps_of
from rushlight.ops.view.sizes import one_size, whole_sizes
from rushlight.tensor.argument_kinds import is_whole, require_tensor
from rushlight.tensor.arrange import relaid
from rushlight.tensor.device import require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.from_data import finish, tensor
from rushlight.tensor.kinds import class_name, require_fits
from rushlight.tensor.memory_format import (
    made_like,
    preserve_format,
    require_format,
    strides_in,
)
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Shape = tuple[int, ...]


def _size(who: str, size: tuple[Any, ...]) -> Shape:
    plain = whole_sizes(who, size)
    if any(each < 0 for each in plain):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(plain)}: {list(plain)}"
        )
    return plain


def _constant(size: Shape, value: Any, dtype: DType, requires_grad: bool) -> Tensor:
    if value in (0, 1) and not isinstance(value, (float, complex)):
        return finish(function("_constant")(size, int(value), dtype), requires_grad)
    require_fits(value, dtype)
    if isinstance(value, complex):
        return finish(Tensor._from_array(np.full(size, value, dtype.np), copy=True), requires_grad)
    return finish(function("_full")(size, value, dtype), requires_grad)


def _maker(value: int, name: str) -> Any:
    def make(
        *sizes: Any, size: Any = None, out: Any = None, dtype: DType | None = None,
        layout: Any = None, device: Any = None, requires_grad: bool = False,
        pin_memory: bool = False,
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
        require_tensor(like.__name__, input)
        if input.is_sparse and getattr(layout, "name", "sparse_coo") == "sparse_coo":  # type: ignore[attr-defined]
            return input._empty_like(make.__name__, dtype or input.dtype)  # type: ignore[attr-defined, no-any-return]
        made: Tensor = make(
            tuple(input.shape), *args, dtype=dtype or input.dtype, device=device,
            requires_grad=requires_grad,
        )  # fmt: skip
        require_format(make.__name__ + "_like", memory_format)
        return made if input.is_sparse else made_like(made, input, memory_format)  # type: ignore[attr-defined]

    like.__name__ = like.__qualname__ = f"{make.__name__}_like"
    like.__doc__ = f"As ``{make.__name__}`` with the shape and dtype of ``input``."
    return takes_dtype(like)


zeros_like, ones_like, empty_like = map(_like, (zeros, ones, empty))
_full_like = _like(full)


def full_like(input: Tensor, fill_value: Any, **options: Any) -> Tensor:
    """As ``full`` with the shape and dtype of ``input``."""
    made: Tensor = _full_like(input, fill_value, **options)
    return made


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
    for name, each in (("end", end), ("start", start), ("step", step)):
        if not isinstance(each, (int, float)):
            raise TypeError(f"arange(): argument '{name}' must be Number, not {class_name(each)}")
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
    made = finish(function("_arange")(start, step, count, dtype), requires_grad)
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
    kind = dtype or (_kind_of_ends(start, end) if out is None else out.dtype)
    if not (kind.is_floating_point or kind.is_complex):
        start, end = int(start), int(end)
    made = finish(function("_linspace")(start, end, steps, kind), requires_grad)
    return made if out is None else _into(out, made)


def _kind_of_ends(start: Any, end: Any) -> DType:
    kind = get_default_dtype()
    return kind.to_complex() if isinstance(start, complex) or isinstance(end, complex) else kind


def _whole_steps(who: str, steps: Any) -> None:
    if isinstance(steps, Tensor) and steps.ndim == 0 and not steps.dtype.is_floating_point:
        return
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
    start, end = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    kind = dtype or (_kind_of_ends(start, end) if out is None else out.dtype)
    real = kind
    if not (kind.is_floating_point or kind.is_complex):
        start, end, real = int(start), int(end), get_default_dtype()
    exponents = linspace(start, end, steps, dtype=real, device=device)
    powers = function("pow")(float(base), exponents)
    made = finish(powers if real is kind else function("_to_dtype")(powers, kind), requires_grad)
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
    made = finish(function("_eye")(n, columns, kind), requires_grad)
    return made if out is None else _into(out, made)


# From data


def legacy(kind: DType | None, args: Sequence[Any]) -> Tensor:
    """``torch.Tensor(2, 3)``, ``torch.FloatTensor([1, 2])`` and the like."""
    dtype = kind or get_default_dtype()
    if not args:
        return empty(0, dtype=dtype)
    (data, *more) = args
    if all(map(is_whole, args)) and (more or not isinstance(data, Tensor)):
        return empty(*map(int, args), dtype=dtype)
    if not more:
        if isinstance(data, tuple) and type(data).__name__ == "Size":
            return empty(*data, dtype=dtype)
        if isinstance(data, Tensor):
            if data.dtype is not dtype:
                raise TypeError(f"expected {dtype} (got {data.dtype}); use .to() to convert")
            return data._alias()
        return tensor(data, dtype=dtype)
    raise TypeError(f"new(): invalid combination of arguments: {[type(a).__name__ for a in args]}")


__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "legacy",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]  # fmt: skip
