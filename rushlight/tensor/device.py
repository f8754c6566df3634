"""Devices: ``torch.device`` and what can be made of it here: the CPU."""

from __future__ import annotations

import threading
from typing import Any, final

_TYPES = (
    "cpu", "cuda", "ipu", "xpu", "mkldnn", "opengl", "opencl", "ideep", "hip", "ve", "fpga", "maia",
    "xla", "lazy", "vulkan", "mps", "meta", "hpu", "mtia", "privateuseone",
)  # fmt: skip


@final
class Device:
    """A place for tensors: ``torch.device("cpu")``, ``torch.device("cuda:0")``.

    >>> Device("cuda", 1)
    device(type='cuda', index=1)
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, Device):
            type, index = type.type, type.index
        if isinstance(type, int):  # PyTorch's word for a number is that of the accelerator's kind
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str or int, not {type!r}")
        if ":" in type:
            type, _, number = type.partition(":")
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}:{number}'")
            index = int(number)
        if not type:
            raise RuntimeError("Device string must not be empty")
        if type not in _TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(_TYPES)} device type at start of device string: {type}"
            )
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        self.type = type
        self.index = index

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{number})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return (Device, (self.type, self.index) if self.index is not None else (self.type,))

    def __enter__(self) -> Device:
        require_known(self)
        chosen.devices.append(self)
        return self

    def __exit__(self, *details: object) -> None:
        chosen.devices.pop()


CPU = Device("cpu")
NO_DATA = "Cannot copy out of meta tensor; no data!"


class _Chosen(threading.local):
    """Where this thread's new tensors go unless said: the last one counts."""

    def __init__(self) -> None:
        self.devices = [CPU]


chosen = _Chosen()


def is_meta(device: Any) -> bool:
    """Whether ``device`` is "meta", whose tensors have no elements."""
    return (device if isinstance(device, Device) else Device(device)).type == "meta"


def require_known(device: Device) -> None:
    """Raise as ``require_cpu`` unless it is the CPU or "meta"."""
    if not is_meta(device):
        require_cpu(device)


def require_cpu(device: Any) -> None:
    """Raise as PyTorch's CPU build does where a tensor is wanted anywhere else."""
    if device is None or device is CPU:
        return
    kind = Device(device).type
    if kind == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if kind != "cpu":
        raise NotImplementedError(f"device {kind!r}: Rushlight computes on the CPU")
