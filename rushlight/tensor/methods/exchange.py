"""How a tensor's memory is handed on: storages, shared memory, DLPack, sub-classes, NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.tensor.dlpack import dlpack, dlpack_device
from rushlight.tensor.memory_format import memory_format
from rushlight.tensor.methods.shared import is_shared, share_memory_
from rushlight.tensor.storage_names import LEGACY, storage, untyped_storage
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def as_subclass(self: Tensor, cls: type[Tensor]) -> Tensor:
    """The same tensor, gradient included, as an instance of a sub-class of Tensor."""
    if not (isinstance(cls, type) and issubclass(cls, Tensor)):
        raise RuntimeError(
            f"Creating a Tensor subclass from a class that does not inherit from Tensor is not "
            f"possible. Make sure your class inherits from Tensor. Got {cls}"
        )
    made = _instance(cls, self)
    made._edge = function("view")(self, *self.shape)._edge if self.requires_grad else None
    return made


def _instance(cls: type[Tensor], data: Tensor) -> Tensor:
    alias = data._alias()
    made = object.__new__(cls)
    made._value, made._storage = alias._value, alias._storage
    made._layout, made._seen, made._edge = alias._layout, alias._seen, None
    return made


def make_subclass(
    cls: type[Tensor], data: Tensor, require_grad: bool = False, **layout: Any
) -> Tensor:
    """``data``'s memory as a leaf of a sub-class of Tensor."""
    made = _instance(cls, data)
    if require_grad:
        made.requires_grad = True
    return made


def new(self: Tensor, *args: Any, device: Any = None) -> Tensor:
    """A tensor of this dtype: of a shape, or of these elements."""
    if len(args) == 1 and isinstance(args[0], (list, tuple, np.ndarray)):
        sized = isinstance(args[0], tuple) and type(args[0]) is not tuple
        if not sized:
            return self.new_tensor(args[0])  # type: ignore[attr-defined, no-any-return]
    if len(args) == 1 and isinstance(args[0], Tensor):
        return args[0].detach()  # type: ignore[attr-defined, no-any-return]
    shape = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    return self.new_empty(shape or (0,))  # type: ignore[attr-defined, no-any-return]


def record_stream(self: Tensor, stream: Any) -> None:
    """Accepted: the CPU has one stream."""


def array_wrap(self: Tensor, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy made of this tensor, as a tensor again."""
    return Tensor._from_array(np.asarray(array), copy=False)


def matrix_transpose(self: Tensor) -> Tensor:
    """The last two axes exchanged; a scalar is itself. RuntimeError for a vector."""
    if not self.ndim:
        return self
    if self.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. Got "
            f"{self.ndim}-D tensor."
        )
    made: Tensor = function("transpose")(self, -2, -1)
    return made


def storage_type(self: Tensor) -> Any:
    """The class of ``storage()``: ``torch.FloatStorage``."""
    return LEGACY[self.dtype.name]


def dim_order(self: Tensor, *, ambiguity_check: bool | list[Any] = False) -> tuple[int, ...]:
    """The axes as they lie in memory, the one with the largest steps first."""
    strides = self._current_layout().strides
    order = sorted(range(self.ndim), key=lambda axis: -strides[axis])
    formats = ambiguity_check if isinstance(ambiguity_check, list) else []
    if not isinstance(ambiguity_check, (bool, list)) or not all(
        isinstance(each, memory_format) for each in formats
    ):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    if ambiguity_check:
        clear = len(set(strides)) == len(strides) and 1 not in self.shape
        fits = [each for each in formats if self.is_contiguous(memory_format=each)]  # type: ignore[attr-defined]
        if not clear and (not formats or len(fits) != 1):
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the "
                "given memory formats."
            )
    return tuple(order)


METHODS: dict[str, Any] = {
    "storage_type": storage_type, "dim_order": dim_order, "name": property(lambda self: None),
    "untyped_storage": untyped_storage, "storage": storage, "is_shared": is_shared,
    "share_memory_": share_memory_, "__dlpack__": dlpack, "__dlpack_device__": dlpack_device,
    "as_subclass": as_subclass, "new": new,
    "_make_subclass": staticmethod(make_subclass),
    "record_stream": record_stream, "__array_priority__": 1000, "__array_wrap__": array_wrap,
    "mT": property(matrix_transpose),
    **{
        f"is_{name}": property(lambda self: False)
        for name in ("xpu", "vulkan", "ipu", "maia", "mtia", "hpu", "xla", "ort")
    },
}  # fmt: skip


def install() -> None:
    """Put everything on the class."""
    for name, member in METHODS.items():
        setattr(Tensor, name, member)
