"""How tensors go to other processes: a file descriptor and where in its memory they lie."""

from __future__ import annotations

from multiprocessing.reduction import DupFd, ForkingPickler
from typing import Any

import numpy as np

from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, as_strided
from rushlight.tensor.methods.shared import SharedMap, map_of


def reduce_tensor(tensor: Tensor) -> tuple[Any, ...]:
    """What ``multiprocessing`` sends of a tensor, moved into shared memory."""
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd "
            "does not support crossing process boundaries.  If you just want to transfer the "
            "data, call detach() on the tensor before serializing (e.g., putting it on the queue)."
        )
    tensor.share_memory_()  # type: ignore[attr-defined]
    mapping = map_of(tensor)
    assert mapping is not None
    layout = tensor._current_layout()
    where = (tuple(layout.shape), tuple(layout.strides), layout.offset)
    kept = (type(tensor) is Parameter, tensor.requires_grad)
    file = DupFd(mapping.file)
    return _rebuild, (file, len(mapping), tensor.dtype, tensor.dtype.np.itemsize, where, kept)


def _rebuild(
    file: Any, nbytes: int, dtype: Any, item: int, where: tuple[Any, ...], kept: tuple[bool, bool]
) -> Tensor:
    mapping = SharedMap.of(file.detach(), nbytes)
    shape, strides, offset = where
    array = np.frombuffer(mapping, dtype.np, nbytes // item)
    whole = Tensor._from_array(array, copy=False)
    tensor: Any = as_strided(whole, shape, strides, offset)
    is_parameter, requires_grad = kept
    if is_parameter:
        return Parameter(tensor, requires_grad)
    return tensor.requires_grad_() if requires_grad else tensor  # type: ignore[no-any-return]


def register() -> None:
    """Let multiprocessing send tensors so."""
    for kind in (Tensor, Parameter):
        ForkingPickler.register(kind, reduce_tensor)
