"""Tensors of the device "meta" in checkpoints: a dtype, a shape and strides, no elements."""

from __future__ import annotations

import math
from pickle import UnpicklingError
from typing import Any

from rushlight.base.absent import AbsentDtype
from rushlight.serialization.bounds import whole_numbers
from rushlight.serialization.brief import brief
from rushlight.serialization.dtype_names import dtype_by_name, dtype_name
from rushlight.tensor import Tensor
from rushlight.tensor.meta_device import empty_shell

MOST_BYTES = 2**63 - 1


def reduce_meta(tensor: Tensor) -> tuple[Any, ...]:
    """The arguments of ``rebuild_meta`` for ``tensor``."""
    return tensor.dtype, tuple(tensor.shape), tuple(tensor.stride()), tensor.requires_grad


def rebuild_meta(dtype: object, size: object, stride: object, requires_grad: object) -> Tensor:
    """What ``torch._utils._rebuild_meta_tensor_no_storage`` makes.

    Raises UnpicklingError where the file's numbers make no sense, NotImplementedError for strides
    that no order of the axes has.
    """
    if isinstance(dtype, AbsentDtype):
        raise NotImplementedError(
            f"torch.load: the file holds a {dtype} tensor; Rushlight has no such dtype yet"
        )
    kind = dtype_by_name(dtype_name(dtype))
    sizes, strides = whole_numbers("size", size), whole_numbers("stride", stride)
    if len(sizes) != len(strides) or any(each < 0 for each in (*sizes, *strides)):
        raise UnpicklingError(
            f"a meta tensor of size {brief(sizes)} cannot have the strides {brief(strides)}"
        )
    if math.prod(each for each in sizes if each) * kind.itemsize > MOST_BYTES:
        raise UnpicklingError(f"a meta tensor of size {brief(sizes)} has too many elements")
    # Outermost first; the shell is laid out in this order.
    order = sorted(range(len(sizes)), key=lambda axis: (-strides[axis], axis))
    shell = empty_shell(tuple(sizes[axis] for axis in order), kind)
    made: Tensor = shell.permute([order.index(axis) for axis in range(len(sizes))])
    wrong = [a for a, size in enumerate(sizes) if size > 1 and made.stride()[a] != strides[a]]
    if wrong and 0 not in sizes:
        raise NotImplementedError(
            f"torch.load: the file holds a meta tensor of size {brief(sizes)} and strides "
            f"{brief(strides)}; Rushlight has such tensors without gaps and overlaps only"
        )
    return made.requires_grad_(True) if requires_grad is True else made
