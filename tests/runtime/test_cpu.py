"""What the machine is, and how many of its cores are ours."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from rushlight.base import config
from rushlight.runtime import cpu

Script = Callable[..., "subprocess.CompletedProcess[str]"]


def test_host_is_consistent() -> None:
    host = cpu.host()
    assert host is cpu.host()
    assert host.isa in ("avx512", "avx2", "neon", "portable")
    assert host.lanes(4) * 4 == host.vector_bytes
    assert 4096 <= host.l1_bytes <= host.l2_bytes
    assert host.cores >= 1


def test_forced_cpu(run_script: Script) -> None:
    script = (
        "from rushlight.runtime import cpu; h = cpu.host(); print(h.isa, h.vector_bytes, h.fma)"
    )
    if cpu.host().isa == "neon":
        pytest.skip("x86 only")
    assert run_script(script, CPU="portable").stdout == "portable 16 False\n"
    assert "RUSHLIGHT_CPU is 'cray'" in run_script(script, CPU="cray").stderr
    forced = run_script(script, CPU="avx512")
    if run_script(script, CPU="").stdout.startswith("avx512"):  # this one may be forced, too
        assert forced.stdout == "avx512 64 True\n"
    else:
        assert "has no avx512f" in forced.stderr


def test_named_cpu_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no CPU class 'cray'"):
        cpu.named("cray")


def test_threads_default_to_switches_then_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "NUM_THREADS", 0)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cpu.default_threads() == cpu.cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cpu.default_threads() == 3
    monkeypatch.setattr(config, "NUM_THREADS", 5)
    assert cpu.default_threads() == 5
