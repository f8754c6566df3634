"""Autocast's switches as functions: ``torch.is_autocast_enabled`` and its kin."""

from __future__ import annotations

from rushlight.base.dtype import dtype as DType
from rushlight.tensor.autocast import set_dtype, set_enabled, state


def is_autocast_available(device_type: str) -> bool:
    """Whether there is such a kind of device as far as autocast goes, here or elsewhere."""
    return device_type in state.enabled


def _known(device_type: str) -> str:
    if device_type not in state.enabled:
        raise RuntimeError(
            f"unsupported autocast device_type '{device_type}': there are "
            f"{', '.join(map(repr, state.enabled))}"
        )
    return device_type


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a kind of device; without an argument, as ever, for CUDA."""
    return state.enabled[_known(device_type)]


def set_autocast_enabled(device_type: str | bool, enabled: bool | None = None) -> None:
    """Switch autocast for a kind of device; ``set_autocast_enabled(flag)`` means CUDA's."""
    if isinstance(device_type, bool):
        device_type, enabled = "cuda", device_type
    if not isinstance(enabled, bool):
        raise TypeError(f"enabled must be a bool (got {type(enabled).__name__})")
    set_enabled(_known(device_type), enabled)


def get_autocast_dtype(device_type: str) -> DType:
    """The dtype autocast computes in: bfloat16 for "cpu", float16 for "cuda", or what was set."""
    return state.dtypes[_known(device_type)]


def set_autocast_dtype(device_type: str, dtype: DType) -> None:
    """Set the dtype autocast computes in."""
    set_dtype(_known(device_type), dtype)


def is_autocast_cpu_enabled() -> bool:
    """``is_autocast_enabled("cpu")``."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """``set_autocast_enabled("cpu", enabled)``."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> DType:
    """``get_autocast_dtype("cpu")``."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: DType) -> None:
    """``set_autocast_dtype("cpu", dtype)``."""
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype() -> DType:
    """``get_autocast_dtype("cuda")``."""
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype: DType) -> None:
    """``set_autocast_dtype("cuda", dtype)``."""
    set_autocast_dtype("cuda", dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether a parameter is cast once for all its uses under autocast."""
    return state.cached


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Switch that."""
    state.cached = enabled


def clear_autocast_cache() -> None:
    """Forget the parameters cast so far."""
    state.casts.clear()


def autocast_increment_nesting() -> int:
    """Enter a region; how many are open now."""
    state.nesting += 1
    return state.nesting


def autocast_decrement_nesting() -> int:
    """Leave a region; how many are open now."""
    state.nesting -= 1
    return state.nesting
