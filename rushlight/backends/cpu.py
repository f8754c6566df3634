"""What the CPU can do."""

from __future__ import annotations

from rushlight.runtime import cpu


def get_cpu_capability() -> str:
    """The widest vectors that kernels are compiled for: "AVX512", "AVX2" or "DEFAULT"."""
    isa = cpu.host().isa.upper()
    return isa if isa in ("AVX512", "AVX2") else "DEFAULT"
