"""Between tensors and NumPy while preparing data.

Data preparation works on NumPy arrays and at once: nothing of it joins the trace of the training
step, so a step's plan does not depend on where its input came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushlight.tensor import Tensor, from_numpy

Array = npt.NDArray[Any]


def array_of(tensor: Tensor) -> Array | None:
    """The tensor's memory as an array, or None if gradients flow through it."""
    if tensor.requires_grad:
        return None
    array: Array = tensor.numpy()
    return array


def wrap(array: Array) -> Tensor:
    """A tensor on the memory of ``array``, which the caller gives away."""
    return from_numpy(array)


def stack_arrays(arrays: list[Array]) -> Array:
    """``np.stack`` for the few small arrays of a batch, without its overhead.

    All have one dtype. Raises RuntimeError, as ``torch.stack`` does, if the shapes differ.
    """
    first = arrays[0]
    result = np.empty((len(arrays), *first.shape), first.dtype)
    for place, each in enumerate(arrays):
        if each.shape != first.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry "
                f"0 and {list(each.shape)} at entry {place}"
            )
        result[place] = each
    return result
