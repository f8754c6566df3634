"""Methods that take shape or dtype from another tensor."""

from __future__ import annotations

from typing import Any

from rushlight.tensor.argument_kinds import asks
from rushlight.tensor.tensor import Tensor


@asks
def view_as(self: Any, other: Tensor) -> Any:
    """``view`` with the shape of ``other``."""
    return self.view(other.shape)


@asks
def reshape_as(self: Any, other: Tensor) -> Any:
    """``reshape`` with the shape of ``other``."""
    return self.reshape(other.shape)


@asks
def expand_as(self: Any, other: Tensor) -> Any:
    """``expand`` to the shape of ``other``."""
    return self.expand(other.shape)


@asks
def type_as(self: Any, other: Tensor) -> Any:
    """The dtype (and the device) of ``other``."""
    return self.to(other)


@asks
def is_same_size(self: Any, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return bool(self.shape == other.shape)
