"""What the control group (a container) grants of the machine: CPUs and memory.

Versions 1 and 2; the least along the path counts. A container often sees its own group mounted at
the root while its path names it as the host does, so places that are not there are skipped and the
root counts as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def cpu_quota(root: Path = ROOT, own: Path = OWN) -> float:
    """CPUs, or 0.0 if there is no limit."""
    return _least("cpu", _cpus_v2, _cpus_v1, root, own)


def memory_limit(root: Path = ROOT, own: Path = OWN) -> int:
    """Bytes, or 0 if there is no limit."""
    return int(_least("memory", _bytes("memory.max"), _bytes("memory.limit_in_bytes"), root, own))


Reader = Callable[[Path], float]


def _least(controller: str, read_v2: Reader, read_v1: Reader, root: Path, own: Path) -> float:
    grants = []
    for base, folder in _places(controller, root, own):
        read = read_v2 if base == root else read_v1
        for place in (folder, *folder.parents):
            if place == base or base in place.parents:
                try:
                    grants.append(read(place))
                except (OSError, ValueError, ZeroDivisionError):
                    continue
    return min((grant for grant in grants if grant > 0), default=0.0)


def _places(controller: str, root: Path, own: Path) -> Iterator[tuple[Path, Path]]:
    """(where the controller is mounted, this process's folder below it)."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            yield root, root / path.strip("/")
        elif controller in controllers.split(","):
            yield root / controller, root / controller / path.strip("/")


def _cpus_v2(folder: Path) -> float:
    quota, period = (folder / "cpu.max").read_text().split()
    return 0.0 if quota == "max" else int(quota) / int(period)


def _cpus_v1(folder: Path) -> float:
    quota = int((folder / "cpu.cfs_quota_us").read_text())
    return quota / int((folder / "cpu.cfs_period_us").read_text()) if quota > 0 else 0.0


def _bytes(name: str) -> Reader:
    def read(folder: Path) -> float:
        text = (folder / name).read_text().strip()
        # Version 1 says "no limit" with a number close to 2**63.
        return 0.0 if text == "max" or int(text) >= 2**62 else float(int(text))

    return read
