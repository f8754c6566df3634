"""Other dtypes, and new tensors like this one: to, type, float, new_zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base.absent import refuse
from rushlight.base.dtype import dtype as DType
from rushlight.ops.legacy_names import LEGACY_NAMES, legacy_name
from rushlight.tensor.device import NO_DATA, is_meta, require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.kinds import convert
from rushlight.tensor.memory_format import (
    copy_in,
    preserve_format,
    require_format,
    suggested_format,
)
from rushlight.tensor.meta_device import META, moved
from rushlight.tensor.methods.memory import clone
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.to_arguments import parse_to

_BY_LEGACY = {
    name: getattr(dtypes, kind, dtypes.BY_NAME[kind]) for kind, name in LEGACY_NAMES.items()
}


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``; itself if the same."""
    asked = parse_to(args, kwargs)
    if self.is_meta or (asked.device is not None and is_meta(asked.device)):
        return _without_elements(self, asked.device, asked.dtype, asked.copy)
    require_cpu(asked.device)
    wanted = asked.memory_format
    if asked.dtype is not None and asked.dtype is not self.dtype:
        return _converted(self, asked.dtype, wanted)
    if asked.copy:
        return clone(self, memory_format=wanted)
    require_format("to", wanted)
    return _in_format(self, wanted)


def _in_format(x: Tensor, wanted: Any) -> Tensor:
    """The tensor itself if its strides are of the format ``wanted`` or nobody asks for one."""
    if wanted in (None, preserve_format) or suggested_format(x._current_layout()) is wanted:
        return x
    return clone(x, memory_format=wanted)


def _without_elements(self: Tensor, device: Any, kind: DType | None, copy: bool) -> Tensor:
    """``to`` where this tensor is of the device "meta" or shall be. There is no way back."""
    if device is not None and not is_meta(device):
        raise NotImplementedError(NO_DATA)
    if self.is_meta:
        if kind is None or kind is self.dtype:
            return clone(self) if copy else self
        return _converted(self, kind, None)
    return moved(self, kind)


def _converted(x: Tensor, kind: DType, wanted: Any) -> Tensor:
    require_format("to", wanted)
    if kind is x.dtype:
        return _in_format(x, wanted)
    return copy_in(x, wanted, lambda each: convert(each, kind))


def cast_method(name: str, kind: DType) -> Callable[..., Tensor]:
    def method(self: Tensor, *, memory_format: Any = None) -> Tensor:
        return _converted(self, kind, memory_format)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The same numbers as {kind}."
    return method


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy type name, or the tensor as ``dtype`` (a dtype, a name, a legacy class)."""
    if dtype is None:
        return f"torch.{legacy_name(self.dtype)}Tensor"
    return _converted(self, named_type(dtype), None)


def named_type(kind: Any) -> DType:
    """The dtype that ``torch.FloatTensor``, its name or a dtype means."""
    if isinstance(kind, DType):
        return kind
    refuse(kind, "type")
    legacy = getattr(kind, "dtype", None)
    if isinstance(legacy, DType):
        return legacy
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if ".cuda." in name:
        raise TypeError(f"type {name} not available. Torch not compiled with CUDA enabled.")
    word = name.rpartition(".")[2].removesuffix("Tensor")
    if word == "":
        return dtypes.get_default_dtype()
    if word not in _BY_LEGACY:
        raise ValueError(f"invalid type: '{name}'")
    found: DType = _BY_LEGACY[word]
    return found


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Itself, as tensors live on the CPU; a copy where it is not in ``memory_format``."""
    if self.is_meta:
        raise NotImplementedError(NO_DATA)
    return _in_format(self, memory_format)


def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """Raises as PyTorch's CPU build does."""
    raise AssertionError("Torch not compiled with CUDA enabled")


# Old and new spellings that are one line each


@takes_dtype
def new_tensor(self: Tensor, data: Any, *, dtype: DType | None = None, device: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    from rushlight.tensor.from_data import tensor

    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def new_like(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, dtype: DType | None = None, **kwargs: Any) -> Tensor:
        from rushlight.tensor import create

        if self.is_meta:
            kwargs.setdefault("device", META)
        made: Tensor = getattr(create, name)(*args, dtype=dtype or self.dtype, **kwargs)
        return made

    method.__name__ = method.__qualname__ = f"new_{name}"
    return method
