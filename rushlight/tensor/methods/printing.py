"""repr(x), str(x) and format(x)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.tensor import display
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor


def _grad_fn_name(self: Tensor) -> str | None:
    function_ = self.grad_fn
    return None if function_ is None else function_.name()


def _prefix(kind: type[Tensor]) -> str:
    """``tensor(``, or the name of a sub-class of the user's, or that wants to be ``_named``."""
    if getattr(kind, "_named", False):
        return f"{kind.__name__}("
    if kind is Tensor or kind.__module__.partition(".")[0] == "rushlight":
        return "tensor("
    return f"Parameter({kind.__name__}(" if getattr(kind, "_plain", False) else f"{kind.__name__}("


# Set by autograd.forward_ad while a level is open: (primal, tangent or None) of a tensor.
unpacked: Callable[[Tensor], Any] | None = None


def set_unpacked(unpack: Callable[[Tensor], Any] | None) -> None:
    """Let tangents be printed, or no more."""
    global unpacked
    unpacked = unpack


def represent(self: Tensor, *, tensor_contents: Any = None) -> str:
    if self._value.meta.shell:
        return _represent_shell(self)
    tangent = ""
    if unpacked is not None:
        primal, moves = unpacked(self)
        if moves is not None:
            self, tangent = primal, f"{moves}"
    return display.tensor_repr(
        self._array(),
        self.dtype.name,
        requires_grad=self._edge is LEAF,
        prefix=_prefix(type(self)),
        grad_fn_name=_grad_fn_name(self),
        tangent=tangent,
        default_dtype=dtypes.get_default_dtype().name,
    )


def _represent_shell(self: Tensor) -> str:
    """Of a tensor of the device "meta": there is nothing to show but its kind."""
    suffixes = [f"size={tuple(self.shape)}"]
    if self.dtype is not dtypes.get_default_dtype():
        suffixes.append(f"dtype={self.dtype}")
    name = _grad_fn_name(self)
    if name is not None:
        suffixes.append(f"grad_fn=<{name}>")
    elif self._edge is LEAF:
        suffixes.append("requires_grad=True")
    return f"{_prefix(type(self))}..., device='meta', {', '.join(suffixes)})"


def form(self: Tensor, spec: str) -> str:
    if self.ndim == 0 and not self._value.meta.shell and (spec or _prefix(type(self)) == "tensor("):
        return format(self.item(), spec)
    if spec:
        return object.__format__(self, spec)
    return str(self)
