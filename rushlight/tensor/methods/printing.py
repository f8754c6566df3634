"""repr(x), str(x) and format(x)."""

from __future__ import annotations

from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.tensor import display
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor


def _grad_fn_name(self: Tensor) -> str | None:
    function_ = self.grad_fn
    return None if function_ is None else function_.name()


def represent(self: Tensor, *, tensor_contents: Any = None) -> str:
    return display.tensor_repr(
        self._array(),
        self.dtype.name,
        requires_grad=self._edge is LEAF,
        grad_fn_name=_grad_fn_name(self),
        default_dtype=dtypes.get_default_dtype().name,
    )


def form(self: Tensor, spec: str) -> str:
    if self._value.meta.numel == 1 and self.ndim == 0:
        return format(self.item(), spec)
    if spec:
        return object.__format__(self, spec)
    return str(self)
