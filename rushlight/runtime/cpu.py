"""What this machine is: instruction set, registers, caches, cores we may use.

>>> from rushlight.runtime import cpu
>>> cpu.host().vector_bytes in (16, 32, 64)
True
"""

from __future__ import annotations

import functools
import math
import os
import platform
from pathlib import Path

from rushlight.base import config
from rushlight.base.record import Record
from rushlight.runtime import cgroup, llvm


class Cpu(Record):
    """One CPU as the compiler sees it. Frozen: it is part of cache keys.

    ``name`` and ``features`` go to LLVM; ``isa`` is 'avx512', 'avx2', 'neon' or 'portable';
    ``registers`` counts vector registers of ``vector_bytes``; caches are bytes of one core.
    """

    name: str
    features: str
    isa: str
    triple: str
    vector_bytes: int
    registers: int
    fma: bool
    l1_bytes: int
    l2_bytes: int
    cores: int

    def lanes(self, itemsize: int) -> int:
        """Elements of ``itemsize`` bytes in one vector register.

        >>> host().lanes(4) * 4 == host().vector_bytes
        True
        """
        return self.vector_bytes // itemsize

    @property
    def adds_pairs(self) -> bool:
        """One instruction adds two products of bf16 to each f32 of a vector."""
        return self.isa == "avx512" and "+avx512bf16" in self.features.split(",")


# isa -> (vector bytes, vector registers, has fused multiply-add)
_SHAPES = {
    "avx512": (64, 32, True),
    "avx2": (32, 16, True),
    "neon": (16, 32, True),
    "portable": (16, 16, False),
}
# LLVM's tuning for these CPUs splits 512-bit vectors in halves unless told not to.
_WHOLE_ZMM = "-prefer-256-bit"
_FORCED = {
    "avx512": ("x86-64-v4", _WHOLE_ZMM),
    "avx2": ("x86-64-v3", ""),
    "portable": ("x86-64", ""),
}
_NEEDS = {
    "avx512": ("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma", "f16c"),
    "avx2": ("avx2", "fma", "f16c"),
}


@functools.cache
def host() -> Cpu:
    """This machine, or what ``RUSHLIGHT_CPU`` names (avx2, avx512, portable)."""
    binding = llvm.binding()
    found: dict[str, bool] = dict(binding.get_host_cpu_features())
    isa = _isa(found)
    if config.CPU:
        if config.CPU not in _FORCED:
            raise ValueError(f"RUSHLIGHT_CPU is {config.CPU!r}, needs one of {sorted(_FORCED)}")
        missing = [need for need in _NEEDS.get(config.CPU, ()) if not found.get(need)]
        if missing:
            raise RuntimeError(
                f"RUSHLIGHT_CPU is {config.CPU!r} but this CPU ({binding.get_host_cpu_name()}) "
                f"has no {', '.join(missing)}; unset it or choose 'portable'"
            )
        return named(config.CPU)
    features = ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(found.items()))
    if isa == "avx512":
        features += f",{_WHOLE_ZMM}"
    return _make(binding.get_host_cpu_name(), features, isa)


@functools.cache
def named(isa: str) -> Cpu:
    """A CPU class by name (avx512, avx2, portable), to look at its assembly on any x86 machine."""
    if isa not in _FORCED:
        raise ValueError(f"cpu: no CPU class {isa!r}, there are {sorted(_FORCED)}")
    if isa == "portable" and _is_arm():
        return _make("generic", "", "neon")
    return _make(*_FORCED[isa], isa)


def _make(name: str, features: str, isa: str) -> Cpu:
    vector_bytes, registers, fma = _SHAPES[isa]
    return Cpu(
        name=name,
        features=features,
        isa=isa,
        triple=llvm.binding().get_process_triple(),
        vector_bytes=vector_bytes,
        registers=registers,
        fma=fma,
        l1_bytes=_cache_bytes(1, 32 * 1024),
        l2_bytes=_cache_bytes(2, 512 * 1024),
        cores=cores(),
    )


def _is_arm() -> bool:
    return platform.machine().lower() in ("aarch64", "arm64")


def _isa(found: dict[str, bool]) -> str:
    if _is_arm():
        return "neon"
    for isa in ("avx512", "avx2"):
        if all(found.get(need) for need in _NEEDS[isa]):
            return isa
    return "portable"


def _cache_bytes(level: int, default: int) -> int:
    """Data cache of one core, from Linux's sysfs; ``default`` where there is none."""
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind = (folder / "type").read_text().strip()
            if kind != "Instruction" and int((folder / "level").read_text()) == level:
                return parse_size((folder / "size").read_text())
        except (OSError, ValueError):
            continue
    return default


def parse_size(text: str) -> int:
    """
    >>> parse_size("48K"), parse_size("2M"), parse_size("512")
    (49152, 2097152, 512)
    """
    text = text.strip()
    unit = {"K": 1024, "M": 1024**2, "G": 1024**3}.get(text[-1:].upper())
    return int(text[:-1]) * unit if unit else int(text)


@functools.cache
def cores() -> int:
    """Cores this process may use: its affinity, cut by a cgroup (container) quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = cgroup.cpu_quota()
    return max(1, min(allowed, math.ceil(quota)) if quota else allowed)


def default_threads() -> int:
    """RUSHLIGHT_NUM_THREADS, else OMP_NUM_THREADS, else the cores we may use."""
    return config.NUM_THREADS or config.omp_num_threads() or cores()
