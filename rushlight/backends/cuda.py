"""Switches of CUDA: kept as they are set, without effect."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Matmul:
    """``torch.backends.cuda.matmul``."""

    allow_tf32 = False


matmul = _Matmul()


def is_built() -> bool:
    """False."""
    return False


class _Kernels:
    """Which kernels of attention are asked for: here there is one for all."""

    flash = mem_efficient = math = cudnn = True


def flash_sdp_enabled() -> bool:
    """As it was set."""
    return _Kernels.flash


def enable_flash_sdp(enabled: bool) -> None:
    """Accepted, without effect."""
    _Kernels.flash = enabled


def mem_efficient_sdp_enabled() -> bool:
    """As it was set."""
    return _Kernels.mem_efficient


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Accepted, without effect."""
    _Kernels.mem_efficient = enabled


def math_sdp_enabled() -> bool:
    """As it was set."""
    return _Kernels.math


def enable_math_sdp(enabled: bool) -> None:
    """Accepted, without effect."""
    _Kernels.math = enabled


def cudnn_sdp_enabled() -> bool:
    """As it was set."""
    return _Kernels.cudnn


def enable_cudnn_sdp(enabled: bool) -> None:
    """Accepted, without effect."""
    _Kernels.cudnn = enabled


@contextmanager
def sdp_kernel(
    enable_flash: bool = True, enable_math: bool = True, enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Set all four inside a ``with`` block. It is old: ``torch.nn.attention.sdpa_kernel``."""
    before = vars(_Kernels).copy()
    asked = (enable_flash, enable_mem_efficient, enable_math, enable_cudnn)
    _Kernels.flash, _Kernels.mem_efficient, _Kernels.math, _Kernels.cudnn = asked
    try:
        yield {}
    finally:
        for name in ("flash", "mem_efficient", "math", "cudnn"):
            setattr(_Kernels, name, before[name])


class _LinalgBackend(enum.IntEnum):
    """Libraries of linear algebra on a GPU."""

    Default = 0
    Cusolver = 1
    Magma = 2


def preferred_linalg_library(backend: Any = None) -> _LinalgBackend:
    """The default: there is no choice."""
    return _LinalgBackend.Default
