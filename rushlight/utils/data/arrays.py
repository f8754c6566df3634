"""Between tensors and NumPy while preparing data.

Data preparation works on NumPy arrays and at once: nothing of it joins the trace of the training
step, so a step's plan does not depend on where its input came from.
"""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from rushlight.base import dtype as dtypes
from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import Tensor

Array = npt.NDArray[Any]


def array_of(tensor: Tensor) -> Array | None:
    """The tensor's memory as an array to read, or None if gradients flow through it."""
    if tensor.requires_grad:
        return None
    array: Array = tensor._array()
    return array


# Bytes up to which it costs less to copy an array than to work beside memory that is not ours.
COPIED = 1 << 20


def wrap(array: Array) -> Tensor:
    """A tensor of the elements of ``array``, laid out as they are, which the caller gives away."""
    return Tensor._from_array(array, copy=array.nbytes <= COPIED and array.flags.c_contiguous)


def fresh(shape: tuple[int, ...], dtype: dtypes.dtype) -> tuple[Tensor, Array]:
    """A tensor of new memory from the pool, and that memory as an array to fill at once."""
    buffer = Buffer(math.prod(shape) * dtype.itemsize)
    return Tensor._of(concrete(buffer, shape, dtype)), buffer.array(dtype.np, shape)


def stack_arrays(arrays: list[Array]) -> Tensor:
    """``np.stack`` for the few small arrays of a batch, without its overhead, as a tensor.

    All have one dtype. Raises RuntimeError, as ``torch.stack`` does, if the shapes differ.
    """
    shape = arrays[0].shape
    result, target = fresh((len(arrays), *shape), dtypes.from_numpy(arrays[0].dtype))
    for place, each in enumerate(arrays):
        if each.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry "
                f"0 and {list(each.shape)} at entry {place}"
            )
        target[place] = each
    return result
