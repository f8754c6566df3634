"""``UntypedStorage`` and its kin: the memory under a tensor as a flat row of bytes or elements.

Two storages of one memory are equal by ``data_ptr``; what is written through one is seen by every
tensor that looks into it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn_once
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import LEGACY_NAMES, legacy_name
from rushlight.tensor.device import CPU, require_cpu
from rushlight.tensor.kinds import convert
from rushlight.tensor.methods.shared import is_shared, share_memory_
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def whole_of(tensor: Tensor) -> Tensor:
    """All elements of a tensor's storage in a row."""
    storage = tensor._share()  # not read: it may have been resized to less than the tensor shows
    count = storage.value.meta.numel
    return Tensor._window(storage, Layout((count,), (1,), 0))


class _Storage:
    """What both kinds have: a row of elements."""

    _whole: Tensor

    def _elements(self) -> np.ndarray[Any, Any]:
        raise NotImplementedError

    @property
    def device(self) -> Any:
        return CPU

    is_cuda = False
    is_sparse = False

    def data_ptr(self) -> int:
        """The address of the first byte."""
        address: int = self._whole.data_ptr()  # type: ignore[attr-defined]
        return address

    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._whole._value.meta.nbytes

    def size(self) -> int:
        """The number of elements: bytes, for an UntypedStorage."""
        return int(self._elements().size)

    def __len__(self) -> int:
        return self.size()

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def __getitem__(self, index: Any) -> Any:
        found = self._elements()[index]
        return found.item() if np.ndim(found) == 0 else found.tolist()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements()[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        made: list[Any] = self._elements().tolist()
        return made

    def fill_(self, value: Any) -> Any:
        """Every element set; in place."""
        self._elements()[...] = value
        return self

    def is_shared(self) -> bool:
        """Whether other processes may see this memory."""
        return is_shared(self._whole)

    def share_memory_(self) -> Any:
        """Move into memory that forked processes share."""
        share_memory_(self._whole)
        return self

    def is_pinned(self, device: Any = None) -> bool:
        """Never: there is no device to pin it for."""
        return False

    def cpu(self) -> Any:
        """Itself."""
        return self

    def element_size(self) -> int:
        """Bytes of one element."""
        return int(self._elements().itemsize)

    def get_device(self) -> int:
        """-1: the CPU has no number."""
        return -1

    def resizable(self) -> bool:
        """Whether the memory may grow: always."""
        return True

    def _fit(self, count: int) -> None:
        """Room for ``count`` elements of the tensor's; what is new holds zeros.

        A tensor that looks behind the end of what is left cannot be read until there is more.
        """
        have = self._whole._value.meta.numel
        if count == have:
            return
        storage = self._whole._share()
        flat = self._whole.detach()  # type: ignore[attr-defined]
        if count < have:
            fitted: Tensor = function("clone")(flat[:count])
        else:
            more = function("_constant")((count - have,), 0, self._whole.dtype)
            fitted = function("cat")((flat, more), 0)
        value = fitted._read_value()
        storage.version += 1
        value.version = storage.version
        storage.value = value
        self._whole = Tensor._window(storage, Layout((count,), (1,), 0))

    def _described(self) -> str:
        return f"device={self.device}"

    def __repr__(self) -> str:
        numbers = "".join(f" {each}\n" for each in self.tolist())
        name = "UntypedStorage" if isinstance(self, UntypedStorage) else "TypedStorage"
        return f"{numbers}[torch.storage.{name}({self._described()}) of size {self.size()}]"


class UntypedStorage(_Storage):
    """Bytes: ``tensor.untyped_storage()``, or ``UntypedStorage(count)``.

    >>> import rushlight as torch
    >>> x = torch.zeros(4)
    >>> x[2:].untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
    True
    """

    def __init__(self, *given: Any, device: Any = None) -> None:
        require_cpu(device)
        if len(given) == 1 and isinstance(given[0], Tensor):
            self._whole = whole_of(given[0])
            return
        content = given[0] if given else 0
        array = np.zeros(content, np.uint8) if isinstance(content, int) else (
            np.array(content, np.uint8)
        )  # fmt: skip
        self._whole = Tensor._from_array(array)

    def _elements(self) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = self._whole.detach().numpy(force=True)  # type: ignore[attr-defined]
        return array.view(np.uint8)

    def clone(self) -> UntypedStorage:
        """A copy."""
        return UntypedStorage(self._elements())

    def copy_(self, source: Any, non_blocking: bool = False) -> UntypedStorage:
        """Take over another storage's bytes; in place."""
        self._elements()[...] = source._elements().view(np.uint8)
        return self

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def new(self) -> UntypedStorage:
        """An empty one."""
        return UntypedStorage(0)

    def resize_(self, size: int) -> UntypedStorage:
        """Memory of ``size`` bytes; in place."""
        self._fit(-(-size // self._whole.dtype.itemsize))
        return self

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return UntypedStorage(self._elements()[index])
        return super().__getitem__(index)

    @classmethod
    def from_buffer(
        cls, buffer: Any, *, dtype: DType = dtypes.uint8, byte_order: str = sys.byteorder
    ) -> UntypedStorage:
        """The bytes of ``buffer``, whose elements are of ``dtype`` in ``byte_order``."""
        return cls(_native(buffer, dtype, byte_order))

    def type(self, dtype: Any = None) -> str:
        """The name of its class."""
        if dtype is not None:
            raise NotImplementedError("UntypedStorage.type(dtype): make a TypedStorage of it")
        return "torch.storage.UntypedStorage"


class TypedStorage(_Storage):
    """Elements of one dtype: ``tensor.storage()``, or a class such as ``FloatStorage``."""

    dtype: DType = dtypes.float32

    def __init__(self, *given: Any, wrap_storage: Any = None, dtype: DType | None = None,
                 device: Any = None, _internal: bool = False) -> None:  # fmt: skip
        require_cpu(device)
        kind = type(self).dtype if dtype is None else dtype
        self.dtype = kind
        if wrap_storage is not None:
            self._whole = wrap_storage._whole.view(kind)
            return
        if len(given) == 1 and isinstance(given[0], Tensor):
            self._whole = whole_of(given[0])
            return
        content = given[0] if given else 0
        array = np.zeros(content, kind.np) if isinstance(content, int) else (
            np.array(list(content), kind.np)
        )  # fmt: skip
        self._whole = Tensor._from_array(array)

    def _elements(self) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = self._whole.detach().numpy(force=True)  # type: ignore[attr-defined]
        return array

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            raise RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return super().__getitem__(index)

    def _described(self) -> str:
        return f"dtype={self.dtype}, {super()._described()}"

    def resize_(self, size: int) -> None:
        """Room for ``size`` elements; in place."""
        self._fit(size)

    @classmethod
    def from_buffer(
        cls, buffer: Any, *, dtype: DType | None = None, byte_order: str = sys.byteorder
    ) -> TypedStorage:
        """The elements in ``buffer``, whose bytes lie in ``byte_order``."""
        kind = cls.dtype if dtype is None else dtype
        return TypedStorage(Tensor._from_array(_native(buffer, kind, byte_order)), dtype=kind)

    def type(self, dtype: Any = None) -> Any:
        """The name of the class of its dtype, or its elements as another class's."""
        if dtype is None:
            return f"torch.{legacy_name(self.dtype)}Storage"
        return self._to(dtype.dtype)

    def _to(self, kind: DType) -> TypedStorage:
        if kind is self.dtype:
            return self
        return TypedStorage(convert(self._whole.detach(), kind), dtype=kind)  # type: ignore[attr-defined]

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self._whole)

    def clone(self) -> TypedStorage:
        """A copy."""
        copied = self._whole.clone()  # type: ignore[attr-defined]
        return TypedStorage(copied, dtype=self.dtype)

    def copy_(self, source: Any, non_blocking: bool = False) -> TypedStorage:
        """Take over another storage's elements; in place."""
        self._elements()[...] = source._elements()
        return self

    def pickle_storage_type(self) -> str:
        """The class that PyTorch's files name it by."""
        return type(self).__name__


def _native(buffer: Any, kind: DType, byte_order: str) -> np.ndarray[Any, Any]:
    """The elements in a buffer of bytes, in this machine's order of bytes."""
    found = np.frombuffer(bytes(buffer), kind.np)
    return found if byte_order == sys.byteorder else found.byteswap()


def _cast(name: str, kind: DType) -> Any:
    def cast(self: TypedStorage) -> TypedStorage:
        return self._to(kind)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The elements as {kind}."
    return cast


for _name, _kind in {
    "double": dtypes.float64, "float": dtypes.float32, "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16, "long": dtypes.int64, "int": dtypes.int32,
    "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
    "complex_double": dtypes.complex128, "complex_float": dtypes.complex64,
}.items():  # fmt: skip
    setattr(TypedStorage, _name, _cast(_name, _kind))

# FloatStorage and the like, by the dtype's name.
LEGACY: dict[str, type[TypedStorage]] = {
    kind: type(
        f"{name}Storage", (TypedStorage,), {"dtype": dtypes.BY_NAME[kind], "__module__": "torch"}
    )
    for kind, name in LEGACY_NAMES.items()
    if dtypes.BY_NAME[kind] not in dtypes.BARE
}


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory under this tensor, shared with all views of it."""
    return UntypedStorage(self)


def storage(self: Tensor) -> TypedStorage:
    """The memory under this tensor as elements of its dtype. Warns once that it is old."""
    warn_once(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will "
        "be the only storage class: use tensor.untyped_storage() instead of tensor.storage()"
    )
    return TypedStorage(self, dtype=self.dtype)


def __getattr__(name: str) -> Any:
    for each in LEGACY.values():
        if each.__name__ == name:
            return each
    raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
