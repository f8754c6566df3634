"""Tensors out of storages: what the ``_rebuild_*`` names in a checkpoint do."""

from __future__ import annotations

import math
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from rushlight.base.absent import AbsentDtype
from rushlight.nn.parameter import Parameter
from rushlight.serialization.bounds import whole_numbers
from rushlight.serialization.brief import brief
from rushlight.serialization.dtype_names import (
    NUMPY_DTYPES,
    dtype_by_name,
    dtype_name,
)
from rushlight.serialization.meta import rebuild_meta
from rushlight.serialization.sparse import rebuild_sparse
from rushlight.serialization.storages import LoadedStorage
from rushlight.tensor import Tensor
from rushlight.tensor.methods.exchange import make_subclass
from rushlight.tensor.sparse.coo import SparseTensor


def _check_bounds(
    offset: int, size: tuple[int, ...], stride: tuple[int, ...], itemsize: int, nbytes: int
) -> None:
    """A tensor from a file must lie inside its storage: otherwise it would read other memory."""
    if len(size) != len(stride):
        raise UnpicklingError(f"a tensor with {len(size)} sizes has {len(stride)} strides")
    if offset < 0 or min(size, default=0) < 0 or min(stride, default=0) < 0:
        raise RuntimeError(f"a tensor with size {size}, stride {stride}, offset {offset}")
    if max(*size, *stride, offset, math.prod(size) * itemsize) >= 1 << 63:
        raise RuntimeError(
            f"a tensor with size {size}, stride {stride}, offset {offset}: too large"
        )
    if 0 in size:
        return
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if (last + 1) * itemsize > nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and "
            f"itemsize {itemsize} requiring a storage size of {(last + 1) * itemsize} are out of "
            f"bounds for storage of size {nbytes}"
        )


def _build(storage: object, dtype: str, offset: object, size: object, stride: object) -> Tensor:
    from_file = NUMPY_DTYPES.get(dtype)
    if not isinstance(storage, LoadedStorage) or type(offset) is not int or from_file is None:
        raise UnpicklingError(
            f"a tensor is rebuilt from (storage, offset, size, stride), got "
            f"({type(storage).__name__}, {brief(offset)}, ...) of dtype {dtype}"
        )
    if isinstance(dtype_by_name(dtype), AbsentDtype):
        raise NotImplementedError(
            f"torch.load: the file holds a torch.{dtype} tensor; Rushlight has no such dtype yet"
        )
    sizes, strides = whole_numbers("size", size), whole_numbers("stride", stride)
    _check_bounds(offset, sizes, strides, from_file.itemsize, storage.nbytes())
    return storage.tensor(from_file, 0 if 0 in sizes else offset, sizes, strides)


def rebuild_tensor(storage: Any, offset: object, size: object, stride: object) -> Tensor:
    """The form before 0.4: no gradient, no hooks."""
    return _build(storage, storage_dtype(storage), offset, size, stride)


def rebuild_tensor_v2(
    storage: Any,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object = None,
    metadata: object = None,
) -> Tensor:
    """Today's form for dtypes that have a storage class. Hooks are ignored, as PyTorch does."""
    tensor = _with_metadata(rebuild_tensor(storage, offset, size, stride), storage, metadata)
    return tensor.requires_grad_(True) if requires_grad is True else tensor


def rebuild_tensor_v3(
    storage: Any,
    offset: object,
    size: object,
    stride: object,
    requires_grad: object,
    hooks: object,
    dtype: object,
    metadata: object = None,
) -> Tensor:
    """Today's form for newer dtypes: untyped bytes and the dtype."""
    name = dtype.name if isinstance(dtype, AbsentDtype) else dtype_name(dtype)
    tensor = _with_metadata(_build(storage, name, offset, size, stride), storage, metadata)
    return tensor.requires_grad_(True) if requires_grad is True else tensor


def _with_metadata(tensor: Tensor, storage: LoadedStorage, metadata: object) -> Tensor:
    """What PyTorch notes beside the elements: that they are to be conjugated, or negated."""
    if not metadata:
        return tensor
    if not isinstance(metadata, dict):
        raise UnpicklingError(f"a tensor's metadata must be a dict, got {brief(metadata)}")
    unknown = metadata.keys() - {"conj", "neg"}
    if unknown:
        raise NotImplementedError(
            f"torch.load: the file notes {brief(next(iter(unknown)))} with a tensor, which "
            "Rushlight does not know"
        )
    storage.early = not storage.filled
    if metadata.get("neg") is True:
        tensor = -tensor
    return tensor.conj() if metadata.get("conj") is True else tensor


def storage_dtype(storage: object) -> str:
    """The dtype that the storage's class stood for."""
    if not isinstance(storage, LoadedStorage):
        raise UnpicklingError(f"a tensor needs a storage, got {type(storage).__name__}")
    return storage.kind.dtype


def _tensor(data: object) -> Tensor:
    if not isinstance(data, Tensor):
        raise UnpicklingError(f"a Parameter holds a Tensor, got {type(data).__name__}")
    return data


def rebuild_parameter(data: object, requires_grad: object, hooks: object = None) -> Parameter:
    """An nn.Parameter on ``data``'s memory."""
    return Parameter(_tensor(data), requires_grad is True)


def rebuild_parameter_with_state(
    data: object, requires_grad: object, hooks: object, state: object
) -> Parameter:
    """An nn.Parameter to which somebody attached attributes."""
    parameter = rebuild_parameter(data, requires_grad, hooks)
    _set_attributes(parameter, state)
    return parameter


# What makes the tensor that is then given attributes or another class.
DRESSED = (rebuild_tensor_v2, rebuild_tensor_v3, rebuild_parameter, rebuild_sparse, rebuild_meta)


def rebuild_from_type(
    function: Callable[..., Any], kind: type, args: tuple[Any, ...], state: object
) -> Tensor:
    """A tensor with attributes, or of a subclass: rebuild the plain one, then dress it."""
    if function not in DRESSED:
        raise UnpicklingError(f"cannot rebuild a tensor with {brief(function)}")
    tensor: Tensor = function(*args)
    if kind is not type(tensor) and not (kind is Tensor and isinstance(tensor, SparseTensor)):
        if not (isinstance(kind, type) and issubclass(kind, Tensor)):
            raise UnpicklingError(f"cannot rebuild a tensor as {brief(kind)}")
        tensor = make_subclass(kind, tensor, tensor.requires_grad)
    if hasattr(kind, "__setstate__"):
        kind.__setstate__(tensor, state)
    else:
        _set_attributes(tensor, state)
    return tensor


def rebuild_on_device(data: object, dtype: object, device: object, requires_grad: object) -> Tensor:
    """A tensor of an accelerator, stored as a CPU tensor: it stays on the CPU."""
    tensor = _tensor(data)
    return tensor.requires_grad_(True) if requires_grad is True else tensor


def _set_attributes(tensor: Tensor, state: object) -> None:
    """Attach what was in the tensor's ``__dict__``; names that every tensor has are refused."""
    if isinstance(state, tuple) and len(state) == 2:
        state = state[0]
    if not state:
        return
    if not isinstance(state, dict):
        raise UnpicklingError(f"a tensor's attributes must be a dict, got {type(state).__name__}")
    for name, value in state.items():
        if not isinstance(name, str) or hasattr(Tensor, name):
            raise UnpicklingError(f"a tensor's attribute may not be called {brief(name)}")
        setattr(tensor, name, value)
