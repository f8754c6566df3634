"""From one process to another: alone there is nobody to send to, nor to hear from."""

from __future__ import annotations

from typing import Any, NoReturn

from rushlight.distributed.group import ProcessGroup, member
from rushlight.tensor import Tensor


def _nobody(who: str, rank: int | None, within: int | None, group: ProcessGroup | None) -> NoReturn:
    member(group)
    named = within if rank is None else rank
    if named in (None, 0):
        raise ValueError(
            f"{who}: Invalid rank: the other process should not be the same as the current one, "
            "and there is no other"
        )
    raise ValueError(f"{who}: process {named} is not in the group, which has this one only")


def send(
    tensor: Tensor, dst: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_dst: int | None = None,
) -> None:  # fmt: skip
    """Raises ValueError: there is nobody else."""
    _nobody("send", dst, group_dst, group)


def isend(
    tensor: Tensor, dst: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_dst: int | None = None,
) -> Any:  # fmt: skip
    """Raises ValueError: there is nobody else."""
    _nobody("isend", dst, group_dst, group)


def recv(
    tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_src: int | None = None,
) -> int:  # fmt: skip
    """Raises ValueError: there is nobody else."""
    _nobody("recv", src, group_src, group)


def irecv(
    tensor: Tensor, src: int | None = None, group: ProcessGroup | None = None, tag: int = 0,
    group_src: int | None = None,
) -> Any:  # fmt: skip
    """Raises ValueError: there is nobody else."""
    _nobody("irecv", src, group_src, group)
