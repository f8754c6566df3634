"""Limits of a container, read from trees of files as the kernel shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rushlight.runtime import cgroup


@pytest.mark.parametrize(
    ("files", "group", "want"),
    [
        ({"cpu.max": "max 100000"}, "0::/\n", 0.0),
        ({"cpu.max": "150000 100000"}, "0::/\n", 1.5),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, "0::/a/b\n", 0.5),
        # A container sees its own group at the root, under the host's path.
        ({"cpu.max": "200000 100000"}, "0::/docker/0123\n", 2.0),
        (
            {"cpu/x/cpu.cfs_quota_us": "300000", "cpu/x/cpu.cfs_period_us": "100000"},
            "3:cpu,cpuacct:/x\n2:memory:/y\n",
            3.0,
        ),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "3:cpu:/\n", 0.0),
        ({"cpu.max": "nonsense"}, "0::/\n", 0.0),
        ({}, "", 0.0),
    ],
)
def test_cpu_quota(tmp_path: Path, files: dict[str, str], group: str, want: float) -> None:
    root = tmp_path / "cgroup"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    own = tmp_path / "own"
    own.write_text(group)
    assert cgroup.cpu_quota(root, own) == want
    assert cgroup.cpu_quota(root, tmp_path / "missing") == 0.0


@pytest.mark.parametrize(
    ("files", "group", "want"),
    [
        ({"memory.max": "max"}, "0::/\n", 0),
        ({"a/memory.max": "5000", "memory.max": "max"}, "0::/a\n", 5000),
        ({"memory/memory.limit_in_bytes": "7000"}, "4:memory:/x\n", 7000),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, "4:memory:/\n", 0),
        ({}, "0::/\n", 0),
    ],
)
def test_memory_limit(tmp_path: Path, files: dict[str, str], group: str, want: int) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    own = tmp_path / "own"
    own.write_text(group)
    assert cgroup.memory_limit(tmp_path, own) == want
