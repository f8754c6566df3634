"""Communication in a group of one process: what is reduced or gathered is what was given.

Every function checks its arguments as with many processes, copies where the result is another
tensor, and leaves the tensor alone where it is the result.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rushlight.distributed.group import ProcessGroup, member
from rushlight.tensor import no_grad
from rushlight.tensor.tensor import Tensor


class ReduceOp(enum.IntEnum):
    """How values of several processes become one."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7

    def __repr__(self) -> str:
        return f"<RedOpType.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"RedOpType.{self.name}"


ReduceOp.RedOpType = ReduceOp  # type: ignore[attr-defined]  # PyTorch's class of its members


class Work:
    """What ``async_op=True`` gives: done already."""

    def wait(self, timeout: timedelta | None = None) -> bool:
        """True."""
        return True

    def is_completed(self) -> bool:
        """True."""
        return True

    def is_success(self) -> bool:
        """True."""
        return True


def _finished(async_op: bool) -> Work | None:
    return Work() if async_op else None


def _tensor(value: object, name: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(
            "Invalid function argument. "
            f"Expected parameter `{name}` of type torch.Tensor, but got {type(value)} instead."
        )
    return value


def _listed(values: Sequence[Any] | None, name: str, like: Tensor, who: str) -> Tensor:
    """The one tensor of a list with one for each process, of the shape and dtype of ``like``."""
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, Tensor) for v in values):
        raise TypeError(
            "Invalid function argument. "
            f"Expected parameter `{name}` of type List[torch.Tensor], but got {type(values)}."
        )
    if len(values) != 1:
        raise RuntimeError(
            f"ProcessGroupGloo::{who}: invalid tensor list {name} (expected length 1, got "
            f"{len(values)})"
        )
    one: Tensor = values[0]
    _alike(one, like, who)
    return one


def _alike(one: Tensor, like: Tensor, who: str) -> None:
    if one.dtype is not like.dtype:
        raise RuntimeError(
            f"ProcessGroupGloo::{who}: invalid tensor type at index 0 (expected {like.dtype}, got "
            f"{one.dtype})"
        )
    if one.numel() != like.numel():
        raise RuntimeError(
            f"ProcessGroupGloo::{who}: invalid tensor size at index 0 (expected "
            f"{tuple(like.shape)}, got {tuple(one.shape)})"
        )


def _root(rank: int | None, within: int | None, who: str) -> None:
    """The process that sends or receives must be this one; in a group it may have both numbers."""
    if rank is not None and within is not None:
        raise ValueError(f"{who}: give the process by its number in the world or in the group")
    chosen = rank if rank is not None else within
    if chosen not in (None, 0):
        raise RuntimeError(f"ProcessGroupGloo::{who}: invalid root rank: {chosen}")


def _copy(target: Tensor, source: Tensor) -> None:
    with no_grad():
        target.copy_(source.reshape(target.shape))


def all_reduce(
    tensor: Tensor,
    op: ReduceOp = ReduceOp.SUM,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Every process's ``tensor`` reduced, in place in all: of one process, the tensor as it is."""
    _tensor(tensor, "tensor")
    member(group)
    return _finished(async_op)


def reduce(
    tensor: Tensor,
    dst: int | None = None,
    op: ReduceOp = ReduceOp.SUM,
    group: ProcessGroup | None = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """As ``all_reduce``, in process ``dst`` only."""
    _tensor(tensor, "tensor")
    member(group)
    _root(dst, group_dst, "reduce")
    return _finished(async_op)


def broadcast(
    tensor: Tensor,
    src: int | None = None,
    group: ProcessGroup | None = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """The values of process ``src`` in all."""
    _tensor(tensor, "tensor")
    member(group)
    _root(src, group_src, "broadcast")
    return _finished(async_op)


def all_gather(
    tensor_list: list[Tensor],
    tensor: Tensor,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Every process's ``tensor`` copied into ``tensor_list``."""
    _tensor(tensor, "tensor")
    member(group)
    _copy(_listed(tensor_list, "tensor_list", tensor, "allgather"), tensor)
    return _finished(async_op)


def all_gather_into_tensor(
    output_tensor: Tensor,
    input_tensor: Tensor,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Every process's tensor copied into one, along its first axis."""
    member(group)
    _alike(_tensor(output_tensor, "output"), _tensor(input_tensor, "input"), "allgather")
    _copy(output_tensor, input_tensor)
    return _finished(async_op)


def gather(
    tensor: Tensor,
    gather_list: list[Tensor] | None = None,
    dst: int | None = None,
    group: ProcessGroup | None = None,
    async_op: bool = False,
    group_dst: int | None = None,
) -> Work | None:
    """Every process's ``tensor`` copied into ``gather_list`` of process ``dst``."""
    _tensor(tensor, "tensor")
    member(group)
    _root(dst, group_dst, "gather")
    if not gather_list:
        raise ValueError("Argument ``gather_list`` must be specified on destination rank.")
    _copy(_listed(gather_list, "gather_list", tensor, "gather"), tensor)
    return _finished(async_op)


def scatter(
    tensor: Tensor,
    scatter_list: list[Tensor] | None = None,
    src: int | None = None,
    group: ProcessGroup | None = None,
    async_op: bool = False,
    group_src: int | None = None,
) -> Work | None:
    """Each process's part of the list that process ``src`` has."""
    _tensor(tensor, "tensor")
    member(group)
    _root(src, group_src, "scatter")
    if not scatter_list:
        raise ValueError("Argument ``scatter_list`` must be specified on source rank.")
    _copy(tensor, _listed(scatter_list, "scatter_list", tensor, "scatter"))
    return _finished(async_op)


def reduce_scatter(
    output: Tensor,
    input_list: list[Tensor],
    op: ReduceOp = ReduceOp.SUM,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Each process's part of the lists, reduced."""
    _tensor(output, "output")
    member(group)
    _copy(output, _listed(input_list, "input_list", output, "reduce_scatter"))
    return _finished(async_op)


def reduce_scatter_tensor(
    output: Tensor,
    input: Tensor,
    op: ReduceOp = ReduceOp.SUM,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Each process's part along the first axis, reduced."""
    member(group)
    _alike(_tensor(input, "input"), _tensor(output, "output"), "reduce_scatter")
    _copy(output, input)
    return _finished(async_op)


def all_to_all(
    output_tensor_list: list[Tensor],
    input_tensor_list: list[Tensor],
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Part i of each process's list goes to process i."""
    member(group)
    source = _tensor(input_tensor_list[0], "input_tensor_list")
    target = _listed(output_tensor_list, "output_tensor_list", source, "alltoall")
    _copy(target, _listed(input_tensor_list, "input_tensor_list", source, "alltoall"))
    return _finished(async_op)


def all_to_all_single(
    output: Tensor,
    input: Tensor,
    output_split_sizes: list[int] | None = None,
    input_split_sizes: list[int] | None = None,
    group: ProcessGroup | None = None,
    async_op: bool = False,
) -> Work | None:
    """Part i along each process's first axis goes to process i."""
    member(group)
    _alike(_tensor(output, "output"), _tensor(input, "input"), "alltoall")
    for sizes in (output_split_sizes, input_split_sizes):
        if sizes and list(sizes) != [input.shape[0]]:
            raise RuntimeError(
                "Number of tensor splits not equal to group size, or splits that do not add up to "
                f"the first axis: got {list(sizes)}, needs [{input.shape[0]}]"
            )
    _copy(output, input)
    return _finished(async_op)


def barrier(
    group: ProcessGroup | None = None,
    async_op: bool = False,
    device_ids: list[int] | None = None,
    timeout: timedelta | None = None,
) -> Work | None:
    """Waits for every process of the group: for nobody."""
    member(group)
    return _finished(async_op)


def monitored_barrier(
    group: ProcessGroup | None = None,
    timeout: timedelta | None = None,
    wait_all_ranks: bool = False,
) -> None:
    """As ``barrier``."""
    member(group)


def all_gather_object(object_list: list[Any], obj: Any, group: ProcessGroup | None = None) -> None:
    """Every process's object put into ``object_list``."""
    member(group)
    object_list[0] = obj


def gather_object(
    obj: Any,
    object_gather_list: list[Any] | None = None,
    dst: int | None = None,
    group: ProcessGroup | None = None,
    group_dst: int | None = None,
) -> None:
    """Every process's object put into the list of process ``dst``."""
    member(group)
    _root(dst, group_dst, "gather")
    if not object_gather_list:
        raise ValueError("Argument ``object_gather_list`` must be specified on destination rank.")
    object_gather_list[0] = obj


def broadcast_object_list(
    object_list: list[Any],
    src: int | None = None,
    group: ProcessGroup | None = None,
    device: Any = None,
    group_src: int | None = None,
) -> None:
    """The objects of process ``src`` in every process's list."""
    member(group)
    _root(src, group_src, "broadcast")


def scatter_object_list(
    scatter_object_output_list: list[Any],
    scatter_object_input_list: list[Any] | None = None,
    src: int | None = None,
    group: ProcessGroup | None = None,
    group_src: int | None = None,
) -> None:
    """This process's object of those that ``src`` has: the first of its list."""
    member(group)
    if not isinstance(scatter_object_output_list, list) or not scatter_object_output_list:
        raise ValueError(
            "Expected argument scatter_object_output_list to be a list of size at least 1."
        )
    _root(src, group_src, "scatter")
    if not scatter_object_input_list:
        raise ValueError("source rank must provide non-None scatter_object_input_list")
    scatter_object_output_list[0] = scatter_object_input_list[0]
