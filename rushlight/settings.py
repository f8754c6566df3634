"""Switches of PyTorch's own machinery: accepted, and doing here what their user wants."""

from __future__ import annotations

from typing import Any

import rushlight.tensor.legacy as legacy
from rushlight.base import warn as warnings
from rushlight.base.warn import warn_once
from rushlight.runtime import pool
from rushlight.tensor import set_default_dtype
from rushlight.tensor.device import CPU, Device, chosen, require_known

_deterministic = False
_warn_only = False
_precision = "highest"
_interop = 1


def get_num_threads() -> int:
    """Threads that a plan may use."""
    return pool.get_num_threads()


def set_num_threads(num: int) -> None:
    """Let plans use this many threads. Results do not depend on it."""
    if not isinstance(num, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("set_num_threads expects a positive integer")
    pool.set_num_threads(num)


def get_num_interop_threads() -> int:
    """Always what was set: plans run one after another."""
    return _interop


def set_num_interop_threads(num: int) -> None:
    """Accepted: plans run one after another."""
    global _interop
    _interop = num


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers are taken as 0."""
    pool.set_flush_denormal(mode)
    return True


def set_warn_always(b: bool) -> None:
    """Whether warnings that are said once in a process are said every time."""
    warnings.always = b


def is_warn_always_enabled() -> bool:
    """What ``set_warn_always`` was told; False at first."""
    return warnings.always


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every algorithm here is deterministic."""
    global _deterministic, _warn_only
    _deterministic, _warn_only = mode, warn_only


def are_deterministic_algorithms_enabled() -> bool:
    """What ``use_deterministic_algorithms`` was last given."""
    return _deterministic


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted: float32 is always computed in float32."""
    global _precision
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision!r} is not one of 'highest', 'high', 'medium'")
    _precision = precision


def get_float32_matmul_precision() -> str:
    """What ``set_float32_matmul_precision`` was last given."""
    return _precision


def set_default_device(device: Any) -> None:
    """Where new tensors go: the CPU (also None) or "meta", or an error."""
    wanted = CPU if device is None else Device(device)
    require_known(wanted)
    chosen.devices[0] = wanted


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether ``use_deterministic_algorithms`` was last given ``warn_only``."""
    return _warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """0 or "default", 1 or "warn", 2 or "error": accepted, as ``use_deterministic_algorithms``."""
    names = {"default": 0, "warn": 1, "error": 2}
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    mode = names.get(debug_mode) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(
            f"invalid value of debug_mode, expected 0, 1, or 2 (default, warn, error), got "
            f"{debug_mode}"
        )
    use_deterministic_algorithms(mode != 0, warn_only=mode == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as ``set_deterministic_debug_mode`` takes it."""
    return (1 if _warn_only else 2) if _deterministic else 0


def set_default_tensor_type(t: Any) -> None:
    """Make the dtype of a legacy class (or its name, "torch.DoubleTensor") the default.

    >>> import rushlight as torch
    >>> torch.set_default_tensor_type(torch.DoubleTensor)
    >>> torch.ones(1).dtype
    torch.float64
    >>> torch.set_default_tensor_type("torch.FloatTensor")
    """
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', t)}"
    kind = getattr(legacy, name.removeprefix("torch."), None)
    if kind is None or not name.startswith("torch."):
        raise TypeError(f"invalid type object: {t!r} is no tensor type such as torch.FloatTensor")
    warn_once(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use "
        "torch.set_default_dtype() and torch.set_default_device() as alternatives."
    )
    set_default_dtype(kind.dtype)
