"""The process group: of one process, which is what a program run alone asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from rushlight.base import config

BACKENDS = ("gloo", "nccl", "mpi", "ucc", "xccl", "fake")
_NOT_INITIALIZED = (
    "Default process group has not been initialized, please make sure to call init_process_group."
)


class Backend(str):
    """A backend's name in lower case. ``Backend.GLOO == "gloo"``."""

    UNDEFINED = "undefined"
    GLOO = "gloo"
    NCCL = "nccl"
    MPI = "mpi"
    UCC = "ucc"
    XCCL = "xccl"

    def __new__(cls, name: str) -> Backend:
        if not isinstance(name, str):
            raise ValueError(f"Backend constructor parameter must be string-ish, got {name!r}")
        return super().__new__(cls, name.lower())


class ProcessGroup:
    """The processes that communicate: this one."""

    def __init__(self, backend: Backend, name: str = "0") -> None:
        self.backend = backend
        self.group_name = name

    def rank(self) -> int:
        """0: there is no other."""
        return 0

    def size(self) -> int:
        """1."""
        return 1

    def name(self) -> str:
        """The backend's name."""
        return str(self.backend)


class _World:
    """What ``init_process_group`` made, until ``destroy_process_group``."""

    default: ProcessGroup | None = None


class _GroupNames(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:
        """The default group, None before ``init_process_group``."""
        return _World.default


class group(metaclass=_GroupNames):
    """``group.WORLD``: the default group."""


class GroupMember(metaclass=_GroupNames):
    """``GroupMember.WORLD``: the default group."""

    NON_GROUP_MEMBER = -100


def member(group: ProcessGroup | None) -> ProcessGroup:
    """``group``, or the default one. Raises ValueError where there is none."""
    if group is not None:
        if not isinstance(group, ProcessGroup):
            raise TypeError(f"group must be a ProcessGroup or None, got {type(group).__name__}")
        return group
    if _World.default is None:
        raise ValueError(_NOT_INITIALIZED)
    return _World.default


def is_available() -> bool:
    """True: a group of one process can be made."""
    return True


def is_initialized() -> bool:
    """Whether ``init_process_group`` has been called."""
    return _World.default is not None


def is_gloo_available() -> bool:
    """True."""
    return True


def _absent() -> bool:
    """False: this backend is for hardware or libraries that are not used here."""
    return False


is_nccl_available: Callable[[], bool] = _absent
is_mpi_available: Callable[[], bool] = _absent
is_ucc_available: Callable[[], bool] = _absent
is_xccl_available: Callable[[], bool] = _absent


def is_backend_available(backend: str) -> bool:
    """Whether ``init_process_group(backend)`` works."""
    return backend.lower() == "gloo"


def is_torchelastic_launched() -> bool:
    """Whether ``torchrun`` started this process."""
    return config.launcher("TORCHELASTIC_RUN_ID") is not None


def _from_launcher(name: str) -> str:
    value = config.launcher(name)
    if value is None:
        raise ValueError(
            "Error initializing torch.distributed using env:// rendezvous: environment variable "
            f"{name} expected, but not set"
        )
    return value


def _one(backend: str | None) -> Backend:
    """The backend to use, where ``backend`` may name one a device: ``cpu:gloo,cuda:nccl``."""
    if not backend:
        return Backend("gloo")
    name = Backend(backend)
    parts = [part.split(":")[-1] for part in name.split(",")]
    if any(part not in BACKENDS for part in parts):
        raise ValueError(f"Unknown c10d backend type {backend.upper()}")
    if parts[0] != "gloo":
        raise RuntimeError(
            f"Distributed package doesn't have {parts[0].upper()} built in; pass backend='gloo'"
        )
    return name


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: timedelta | None = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Make the default group, of this one process.

    ``rank`` and ``world_size`` that are not given come from the launcher's RANK and WORLD_SIZE, as
    in PyTorch. Raises NotImplementedError for a world of several processes, ValueError where the
    group exists already or a variable of the launcher is missing.

    >>> init_process_group("gloo", "tcp://127.0.0.1:29500", rank=0, world_size=1)
    >>> is_initialized()
    True
    >>> destroy_process_group()
    """
    if _World.default is not None:
        raise ValueError("trying to initialize the default process group twice!")
    chosen = _one(backend)
    if store is None and (init_method is None or init_method.startswith("env://")):
        rank = rank if rank >= 0 else int(_from_launcher("RANK"))
        world_size = world_size if world_size > 0 else int(_from_launcher("WORLD_SIZE"))
        _from_launcher("MASTER_ADDR"), _from_launcher("MASTER_PORT")
    elif world_size <= 0 or rank < 0:
        raise ValueError(
            "init_process_group: needs rank and world_size where init_method or store is given, "
            f"got rank={rank}, world_size={world_size}"
        )
    if world_size != 1:
        raise NotImplementedError(
            f"torch.distributed with {world_size} processes: Rushlight communicates between no "
            "processes yet; start one (WORLD_SIZE=1), which uses every core"
        )
    if rank != 0:
        raise ValueError(f"init_process_group: rank {rank} is not in a world of 1 process")
    _World.default = ProcessGroup(chosen, group_name or "0")


def destroy_process_group(group: ProcessGroup | None = None) -> None:
    """Forget the default group. Raises AssertionError if there is none."""
    if group is not None and group is not _World.default:
        return
    if _World.default is None:
        raise AssertionError("Process group cannot be None")
    _World.default = None


def new_group(
    ranks: Sequence[int] | None = None,
    timeout: timedelta | None = None,
    backend: str | None = None,
    pg_options: Any = None,
    use_local_synchronization: bool = False,
    group_desc: str | None = None,
    device_id: Any = None,
    sort_ranks: bool = True,
) -> ProcessGroup:
    """Another group with this process in it: ``ranks`` is None or ``[0]``."""
    world = member(None)
    if ranks is not None and list(ranks) != [0]:
        raise ValueError(
            "the new group's rank should be within the world_size set by init_process_group, "
            f"got ranks {list(ranks)} in a world of 1"
        )
    return ProcessGroup(_one(backend) if backend else world.backend, group_desc or "1")


def get_rank(group: ProcessGroup | None = None) -> int:
    """This process's number in the group. Raises ValueError where there is no group."""
    return member(group).rank()


def get_world_size(group: ProcessGroup | None = None) -> int:
    """How many processes the group has. Raises ValueError where there is no group."""
    return member(group).size()


def get_backend(group: ProcessGroup | None = None) -> Backend:
    """The group's backend. Raises ValueError where there is no group."""
    return member(group).backend


def get_process_group_ranks(group: ProcessGroup | None) -> list[int]:
    """The world's numbers of the group's processes."""
    return list(range(member(group).size()))


def get_global_rank(group: ProcessGroup, group_rank: int) -> int:
    """The number in the world of the group's process ``group_rank``."""
    return _known(group, group_rank)


def get_group_rank(group: ProcessGroup, global_rank: int) -> int:
    """The number in the group of the world's process ``global_rank``."""
    return _known(group, global_rank)


def _known(group: ProcessGroup, rank: int) -> int:
    if rank != 0 or member(group).size() != 1:
        raise ValueError(f"rank {rank} is not part of group {group.group_name}")
    return rank


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """The launcher's LOCAL_RANK, else ``fallback_rank``; RuntimeError where both are missing."""
    local = config.launcher("LOCAL_RANK")
    if local is not None:
        return int(local)
    if fallback_rank is None:
        raise RuntimeError(
            "LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow "
            "`get_node_local_rank` to work, assuming you are not running in a multi-device context "
            "and want the code to run locally instead."
        )
    return int(fallback_rank)
