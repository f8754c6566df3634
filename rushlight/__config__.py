"""torch.__config__: what this was built with, as text."""

from __future__ import annotations

from rushlight.base.version import __version__
from rushlight.settings import get_num_interop_threads, get_num_threads


def show() -> str:
    """What computes, a line each."""
    return (
        f"Rushlight {__version__} with:\n"
        "  - kernels compiled by LLVM through llvmlite\n"
        "  - LAPACK and FFT of NumPy\n"
        "  - Build settings: USE_CUDA=0, USE_MKL=OFF, USE_OPENMP=OFF, \n"
    )


def parallel_info() -> str:
    """How many threads, a line each."""
    return (
        f"Rushlight's own pool:\n\tget_num_threads() : {get_num_threads()}\n"
        f"\tget_num_interop_threads() : {get_num_interop_threads()}\n"
    )
