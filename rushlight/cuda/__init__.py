"""``torch.cuda`` of a build without CUDA: nothing is available, seeds are accepted."""

from __future__ import annotations

import importlib
from typing import Any


def is_available() -> bool:
    """False: Rushlight computes on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def manual_seed(seed: int) -> None:
    """Accepted, as PyTorch does without CUDA."""


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing to empty."""


def synchronize(device: Any = None) -> None:
    """Raises as PyTorch's CPU build does."""
    raise AssertionError("Torch not compiled with CUDA enabled")


def _refusing(name: str, error: type[Exception], text: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise error(text)

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _unavailable(name: str) -> Any:
    return _refusing(name, AssertionError, "Torch not compiled with CUDA enabled")


current_device = _unavailable("current_device")
get_device_name = _unavailable("get_device_name")
get_device_properties = _unavailable("get_device_properties")
get_device_capability = _unavailable("get_device_capability")
set_device = _unavailable("set_device")
current_stream = _unavailable("current_stream")


def _type(name: str) -> Any:
    text = f"type torch.cuda.{name} not available. Torch not compiled with CUDA enabled."
    return _refusing(name, TypeError, text)


FloatTensor = _type("FloatTensor")
DoubleTensor = _type("DoubleTensor")
HalfTensor = _type("HalfTensor")
LongTensor = _type("LongTensor")
IntTensor = _type("IntTensor")
ByteTensor = _type("ByteTensor")
BoolTensor = _type("BoolTensor")


def __getattr__(name: str) -> Any:
    if name == "amp":
        return importlib.import_module("rushlight.cuda.amp")
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")
