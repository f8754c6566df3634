"""copy.copy(x), copy.deepcopy(x) and pickle."""

from __future__ import annotations

import copy
from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.ops.layout import Layout
from rushlight.tensor.kinds import convert
from rushlight.tensor.methods.exchange import make_subclass
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_OWN = frozenset((
    "_base", "_copies", "_grad", "_hooks", "_accumulate_hooks", "_untracked", "_detached",
    "_retains", "_part", "_part_of",
    "_places", "_elements", "_sizes", "_merged",  # what a sparse tensor is
))  # fmt: skip


def attributes(tensor: Tensor) -> dict[str, Any]:
    """What somebody hung on a tensor: goes with it into copies and files."""
    return {name: each for name, each in tensor.__dict__.items() if name not in _OWN}


def shallow_copy(self: Tensor) -> Tensor:
    """``copy.copy``: a leaf on the same memory that wants a gradient if this does."""
    made = make_subclass(type(self), self, self.requires_grad)
    made.__dict__.update(attributes(self))
    return made


def _copied(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """A copy of the elements; views that share memory share that of one copy, as they did."""
    storage = self._storage
    # References: the tensor, the local name and getrefcount's argument.
    if storage is None or (self._base is None and getrefcount(storage) == 3):
        return function("clone")(self)  # type: ignore[no-any-return]
    kept = memo.get(id(storage))
    if kept is None:
        row = Layout((storage.value.meta.numel,), (1,), 0)
        kept = memo[id(storage)] = function("clone")(Tensor._window(storage, row))._share()
    self._read_value()
    return Tensor._window(kept, self._layout)


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    trace = local.trace
    before, trace.grad = trace.grad, False
    try:
        copied = _copied(self, memo)
    finally:
        trace.grad = before
    made: Tensor = copied
    if type(self) is not Tensor:
        made = object.__new__(type(self))
        made._take_over(copied)
    made._edge = self._edge
    memo[id(self)] = made
    for name, value in attributes(self).items():
        made.__dict__[name] = copy.deepcopy(value, memo)
    if self._grad is not None:
        made._grad = copy.deepcopy(self._grad, memo)
    return made


def _rebuild(array: Any, kind: str, requires_grad: bool, cls: type[Tensor] = Tensor) -> Tensor:
    made = Tensor._from_array(array) if kind != "bfloat16" else convert(
        Tensor._from_array(array), dtypes.bfloat16
    )  # fmt: skip
    if cls is not Tensor:
        return make_subclass(cls, made, requires_grad)
    if requires_grad:
        made.requires_grad = True
    return made


# While ``import torch`` gives Rushlight: what pickles hold, in the form that PyTorch reads.
pytorch_form: list[Callable[[Tensor], tuple[Any, ...]]] = []


def reduce_ex(self: Tensor, protocol: int) -> Any:
    if pytorch_form:
        return pytorch_form[0](self)
    extra = attributes(self)
    array = self._array()
    if self.dtype is dtypes.bfloat16:
        array = array.astype(np.float32)
    kind = () if type(self) is Tensor else (type(self),)
    made = (_rebuild, (np.array(array), self.dtype.name, self._edge is LEAF, *kind))
    return (*made, extra) if extra else made
