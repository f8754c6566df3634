"""DLPack, both ways: arrays of other libraries without a copy. NumPy speaks the protocol for us."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from rushlight.base.dtype import bfloat16
from rushlight.tensor.device import require_cpu
from rushlight.tensor.tensor import Tensor


class DLDeviceType(enum.IntEnum):
    """The protocol's numbers of the kinds of devices."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLOpenCL = 4
    kDLVulkan = 7
    kDLMetal = 8
    kDLVPI = 9
    kDLROCM = 10
    kDLROCMHost = 11
    kDLExtDev = 12
    kDLCUDAManaged = 13
    kDLOneAPI = 14
    kDLWebGPU = 15
    kDLHexagon = 16
    kDLMAIA = 17
    kDLTrn = 18


_CPU = (DLDeviceType.kDLCPU, 0)


class _Capsule:
    """A bare capsule with the protocol's face."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return _CPU


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of another library's array (or of a DLPack capsule).

    >>> import numpy
    >>> array = numpy.zeros(2)
    >>> tensor = from_dlpack(array)
    >>> array[0] = 5
    >>> tensor
    tensor([5., 0.], dtype=torch.float64)
    """
    require_cpu(device)
    if isinstance(ext_tensor, Tensor):
        own = ext_tensor.detach()  # type: ignore[attr-defined]
        return own.clone() if copy else own  # type: ignore[no-any-return]
    source = ext_tensor if hasattr(ext_tensor, "__dlpack__") else _Capsule(ext_tensor)
    array = np.asarray(ext_tensor) if isinstance(ext_tensor, np.ndarray) else np.from_dlpack(source)
    return Tensor._from_array(array, copy=bool(copy))


def _exported(self: Tensor) -> np.ndarray[Any, Any]:
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if self.is_conj():  # type: ignore[attr-defined]
        raise BufferError("Can't export tensors with the conjugate bit set")
    if self.dtype is bfloat16:
        raise NotImplementedError(
            "__dlpack__ of bfloat16: NumPy, which speaks the protocol here, has no such dtype; use "
            "tensor.view(torch.int16) and view it back on the other side"
        )
    return self.numpy()  # type: ignore[attr-defined, no-any-return]


def dlpack(
    self: Tensor, *, stream: Any = None, max_version: tuple[int, int] | None = None,
    dl_device: Any = None, copy: bool | None = None,
) -> Any:  # fmt: skip
    """A capsule of this tensor's memory. BufferError where it wants a gradient."""
    if dl_device is not None and tuple(dl_device) != _CPU:
        raise BufferError(f"__dlpack__: tensors are on the CPU {_CPU}, not on {dl_device}")
    array = _exported(self)
    if copy:
        array = array.copy()
    return array.__dlpack__() if max_version is None else array.__dlpack__(max_version=max_version)


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """(1, 0): the CPU."""
    return _CPU


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule of the tensor's memory."""
    return dlpack(tensor)
