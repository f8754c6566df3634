"""torch.distributed.nn: collectives with gradients, which in a group of one are the identity."""

from __future__ import annotations

from rushlight.distributed.collectives import ReduceOp
from rushlight.distributed.group import ProcessGroup, member
from rushlight.tensor.tensor import Tensor


def all_reduce(
    tensor: Tensor, op: ReduceOp = ReduceOp.SUM, group: ProcessGroup | None = None
) -> Tensor:
    """Every process's tensor reduced, as a new tensor with a gradient."""
    member(group)
    return tensor.clone()


def all_gather(tensor: Tensor, group: ProcessGroup | None = None) -> tuple[Tensor, ...]:
    """Every process's tensor, with gradients."""
    member(group)
    return (tensor.clone(),)


__all__ = ["all_gather", "all_reduce"]
