"""Every switch in one table: the only module that reads the environment.

A flag is a row of ``FLAGS``: its name, its type, its default and what it does. The environment
variable is the name with ``RUSHLIGHT_`` before it; a few (``OMP_NUM_THREADS``) are other people's.

>>> from rushlight.base import config
>>> config.CHECK
False
"""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

from rushlight.base.record import Record

STARTED_NS = time.time_ns()  # when this process began to import us


class Flag(Record):
    """One switch: ``RUSHLIGHT_<name>`` in the environment, read once at import."""

    name: str
    default: object
    meaning: str


FLAGS: tuple[Flag, ...] = (
    Flag("DEBUG", 0, "1 kernels and times, 2 the graph after each pass, 4 LLVM IR, 5 assembly"),
    Flag("CHECK", False, "verify the graph after every pass"),
    Flag("INTERPRET", False, "run every graph with the NumPy interpreter instead of compiling"),
    Flag("CACHE", "", "folder of the code cache (default: ~/.cache/rushlight)"),
    Flag("NO_CACHE", False, "neither read nor write the code cache on disk"),
    Flag("NO_PLANS", False, "keep no plans beside the code on disk: every process plans anew"),
    Flag("NUM_THREADS", 0, "threads of the pool (default: OMP_NUM_THREADS, else the cores)"),
    Flag("CPU", "", "emit for this CPU instead of the host: avx2, avx512, portable"),
    Flag("HOT", 4, "when what records becomes machine code: 0 never, 1 at once, 4 in a loop"),
    Flag("COMPILE_WORKERS", 0, "processes that compile kernels (default: the cores)"),
    Flag("ERA", 0, "year of the PyTorch whose contradicting old spellings are accepted (0: none)"),
    Flag("ORACLE_SEED", 0, "first of the random programs of tests/oracle (0: the suite's own)"),
)

_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _warn_of_unknown() -> None:
    """A misspelt switch would be one that does nothing, and nobody would know.

    No error: it may be another version's, or somebody else's whose names begin so.
    """
    known = [f"RUSHLIGHT_{flag.name}" for flag in FLAGS]
    for name in os.environ:
        if name.startswith("RUSHLIGHT_") and name not in known:
            message = f"{name} is set, but there is no such switch; there are {', '.join(known)}"
            warnings.warn(message, UserWarning, stacklevel=2)  # noqa: TID251 (no line of a user's)


def _read(flag: Flag) -> object:
    text = os.environ.get(f"RUSHLIGHT_{flag.name}")
    if text is None or not text.strip():
        return flag.default
    if isinstance(flag.default, bool):
        if text.lower() not in _YES + _NO:
            raise ValueError(
                f"RUSHLIGHT_{flag.name} is {text!r}, needs one of {', '.join(_YES)} or "
                f"{', '.join(_NO)} ({flag.meaning})"
            )
        return text.lower() in _YES
    if isinstance(flag.default, int):
        if not text.strip().isdecimal():
            raise ValueError(
                f"RUSHLIGHT_{flag.name} is {text!r}, needs a whole number from 0 on "
                f"({flag.meaning})"
            )
        return int(text)
    return text


_warn_of_unknown()
_values: dict[str, object] = {flag.name: _read(flag) for flag in FLAGS}

DEBUG: int = int(str(_values["DEBUG"]))
CHECK: bool = bool(_values["CHECK"])
INTERPRET: bool = bool(_values["INTERPRET"])
NO_CACHE: bool = bool(_values["NO_CACHE"])
NO_PLANS: bool = bool(_values["NO_PLANS"])
NUM_THREADS: int = int(str(_values["NUM_THREADS"]))
CPU: str = str(_values["CPU"])
COMPILE_WORKERS: int = int(str(_values["COMPILE_WORKERS"]))
HOT: int = int(str(_values["HOT"]))
ERA: int = int(str(_values["ERA"]))


def set_era(year: int) -> None:
    """What ``rushlight run --era YEAR`` does. Read it as ``config.ERA`` when it is needed."""
    global ERA
    ERA = year


def cache_folder() -> Path:
    """Where compiled code is kept: RUSHLIGHT_CACHE, else XDG_CACHE_HOME/rushlight, else
    ~/.cache/rushlight; of a user without a home (a mere number in a container) in /tmp."""
    chosen = str(_values["CACHE"])
    if not chosen:
        chosen = (os.environ.get("XDG_CACHE_HOME") or "~/.cache") + "/rushlight"
    try:  # absolute: a program may go to another folder later
        return Path(chosen).expanduser().absolute()
    except RuntimeError:
        return Path("/tmp") / f"rushlight-{os.geteuid()}"


def torch_home() -> Path:
    """PyTorch's folder of downloads: TORCH_HOME, else XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    chosen = os.environ.get("TORCH_HOME")
    if chosen is None:
        chosen = os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/torch"
    return Path(chosen).expanduser()


def github_token() -> str | None:
    """GITHUB_TOKEN: who asks GitHub about a repository of torch.hub; None if unset."""
    return os.environ.get("GITHUB_TOKEN")


def says_yes(name: str) -> bool:
    """Whether a variable of PyTorch's (TORCH_FORCE_WEIGHTS_ONLY_LOAD) is 1, y, yes or true now."""
    return os.environ.get(name, "0").lower() in ("1", "y", "yes", "true")


def omp_num_threads() -> int:
    """OMP_NUM_THREADS as PyTorch honours it, or 0 where unset or not a number."""
    text = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(text) if text.isdigit() else 0


def launcher(name: str) -> str | None:
    """What ``torchrun`` or the user has said of this process: RANK, WORLD_SIZE, LOCAL_RANK ...

    Read when asked for, as scripts set them themselves before ``init_process_group``.
    """
    return os.environ.get(name)
