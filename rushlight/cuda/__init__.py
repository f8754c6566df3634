"""``torch.cuda`` of a build without CUDA: nothing is available, seeds are accepted.

Functions that ask about memory say 0, functions that need a device raise what PyTorch's CPU build
raises: programs written for either take the branch that they take there.
"""

from __future__ import annotations

import importlib
from collections import OrderedDict
from typing import Any


def is_available() -> bool:
    """False: Rushlight computes on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


_initialized = False  # libraries look before they save the state of CUDA's generators


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


def init() -> None:
    """Raises as PyTorch's CPU build does."""
    raise AssertionError(_NO_CUDA)


def memory_stats(device: Any = None) -> OrderedDict[str, Any]:
    """No statistics."""
    return OrderedDict()


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """Says that there is no CUDA memory."""
    return "no CUDA memory: Torch not compiled with CUDA enabled"


def get_arch_list() -> list[str]:
    """Empty."""
    return []


def get_rng_state_all() -> list[Any]:
    """Empty: one state for each device."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Accepts what ``get_rng_state_all`` gave."""
    for _ in new_states:
        raise AssertionError(_NO_CUDA)


def is_tf32_supported() -> bool:
    """False."""
    return False


def _zero(name: str) -> Any:
    def bytes_of(device: Any = None) -> int:
        return 0

    bytes_of.__name__ = bytes_of.__qualname__ = name
    bytes_of.__doc__ = "0 bytes: there is no CUDA memory."
    return bytes_of


def _nothing(name: str) -> Any:
    def nothing(device: Any = None) -> None:
        return None

    nothing.__name__ = nothing.__qualname__ = name
    nothing.__doc__ = "Does nothing: there is no CUDA memory."
    return nothing


def _refusing(name: str, error: type[Exception], text: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise error(text)

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _of_kind(name: str) -> Any:
    text = f"type torch.cuda.{name} not available. {_NO_CUDA}."
    return _refusing(name, TypeError, text)


_NO_CUDA = "Torch not compiled with CUDA enabled"
has_half = True
has_magma = False
default_generators: tuple[Any, ...] = ()
for _name in (
    "memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved",
    "memory_cached", "max_memory_cached",
):  # fmt: skip
    globals()[_name] = _zero(_name)
for _name in (
    "reset_peak_memory_stats", "reset_accumulated_memory_stats", "reset_max_memory_allocated",
    "reset_max_memory_cached", "seed", "seed_all",
):  # fmt: skip
    globals()[_name] = _nothing(_name)
for _name in (
    "current_blas_handle", "current_device", "current_stream", "default_stream",
    "get_device_capability", "get_device_name", "get_device_properties", "get_rng_state",
    "initial_seed", "ipc_collect", "mem_get_info", "set_device", "set_per_process_memory_fraction",
    "set_rng_state", "synchronize",
):  # fmt: skip
    globals()[_name] = _refusing(_name, AssertionError, _NO_CUDA)
for _name in (
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor",
    "HalfTensor", "IntTensor", "LongTensor", "ShortTensor",
):  # fmt: skip
    globals()[_name] = _of_kind(_name)


class AcceleratorError(RuntimeError):
    """What a CUDA build raises when a kernel fails; here nothing does."""


class OutOfMemoryError(RuntimeError):
    """What a CUDA build raises when memory is exhausted; here nothing does."""


def __getattr__(name: str) -> Any:
    if name in ("amp", "nvtx", "random"):
        return importlib.import_module(f"rushlight.cuda.{name}")
    if name in _STREAMS:
        found = getattr(importlib.import_module("rushlight.cuda.streams"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'torch.cuda' has no attribute '{name}'")


_STREAMS = frozenset(
    {
        "CUDAGraph",
        "Event",
        "ExternalStream",
        "Stream",
        "StreamContext",
        "device",
        "device_of",
        "graph",
        "stream",
    }
)
