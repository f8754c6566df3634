"""Tensors in pickles that no ``torch.save`` wrote (pickle.dump, joblib), as PyTorch reads them."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any

from rushlight import _tensor, _utils, storage
from rushlight.nn.parameter import Parameter
from rushlight.serialization.dtype_names import STORAGE_OF_DTYPE, dtype_name
from rushlight.serialization.pickler import state_of
from rushlight.serialization.save import save
from rushlight.tensor import Tensor
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage


class _Storage:
    """A whole storage, as the bytes of a checkpoint of it."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __reduce__(self) -> tuple[Any, ...]:
        file = io.BytesIO()
        held: TypedStorage | UntypedStorage = UntypedStorage(self.tensor)
        dtype = self.tensor.dtype
        if dtype_name(dtype) in STORAGE_OF_DTYPE:
            held = TypedStorage(self.tensor, dtype=dtype)
        save(held, file, _use_new_zipfile_serialization=False)
        return storage._load_from_bytes, (file.getvalue(),)


def reduced(tensor: Tensor) -> tuple[Any, ...]:
    """(function, arguments) under the names that PyTorch has for them."""
    kind, state = type(tensor), state_of(tensor)
    if issubclass(kind, Parameter):
        held = (tensor.data, tensor.requires_grad, OrderedDict())
        if state:
            return _utils._rebuild_parameter_with_state, (*held, state)
        return _utils._rebuild_parameter, held
    place = (tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()))
    function: Any = _utils._rebuild_tensor_v2
    arguments = (_Storage(tensor.detach()), *place, tensor.requires_grad, OrderedDict())
    if dtype_name(tensor.dtype) not in STORAGE_OF_DTYPE:
        function, arguments = _utils._rebuild_tensor_v3, (*arguments, tensor.dtype)
    if kind is Tensor and not state:
        return function, arguments
    return _tensor._rebuild_from_type_v2, (function, kind, arguments, state)


# Pickle writes a function's names and looks it up by them: PyTorch's, which are ours meanwhile.
for _module, _name in (
    (_utils, "_rebuild_parameter"),
    (_utils, "_rebuild_parameter_with_state"),
    (_utils, "_rebuild_tensor_v2"),
    (_utils, "_rebuild_tensor_v3"),
    (_tensor, "_rebuild_from_type_v2"),
):
    _function = getattr(_module, _name)
    _function.__module__ = f"torch.{_module.__name__.rpartition('.')[2]}"
    _function.__qualname__ = _name
storage._load_from_bytes.__module__ = "torch.storage"
