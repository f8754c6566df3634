"""``UntypedStorage`` and its kin: the memory under a tensor as a flat row of bytes or elements.

Two storages of one memory are equal by ``data_ptr``; what is written through one is seen by every
tensor that looks into it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import LEGACY_NAMES
from rushlight.tensor.device import CPU, require_cpu
from rushlight.tensor.methods.shared import is_shared, share_memory_
from rushlight.tensor.tensor import Tensor


def whole_of(tensor: Tensor) -> Tensor:
    """All elements of a tensor's storage in a row."""
    tensor._read_value()
    storage = tensor._share()
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

    def __repr__(self) -> str:
        numbers = "".join(f" {each}\n" for each in self.tolist())
        return f"{numbers}[torch.storage.{type(self).__name__} of size {self.size()}]"


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
        array: np.ndarray[Any, Any] = self._whole.detach().numpy()  # type: ignore[attr-defined]
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
        array: np.ndarray[Any, Any] = self._whole.detach().numpy()  # type: ignore[attr-defined]
        return array

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


# FloatStorage and the like, by the dtype's name.
LEGACY: dict[str, type[TypedStorage]] = {
    kind: type(f"{name}Storage", (TypedStorage,), {"dtype": dtypes.BY_NAME[kind]})
    for kind, name in LEGACY_NAMES.items()
    if kind in dtypes.BY_NAME
}


def untyped_storage(self: Tensor) -> UntypedStorage:
    """The memory under this tensor, shared with all views of it."""
    return UntypedStorage(self)


def storage(self: Tensor) -> TypedStorage:
    """The memory under this tensor as elements of its dtype."""
    return TypedStorage(self, dtype=self.dtype)


def __getattr__(name: str) -> Any:
    for each in LEGACY.values():
        if each.__name__ == name:
            return each
    raise AttributeError(f"module 'torch.storage' has no attribute '{name}'")
