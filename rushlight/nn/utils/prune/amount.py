"""How much to prune: a whole number of elements, or a share of them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from rushlight.tensor import Tensor
from rushlight.tensor.functions.linalg import norm


def check_amount(amount: Any) -> None:
    """Raise unless ``amount`` is a share in [0, 1] or a whole number from 0."""
    if not isinstance(amount, Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, Integral)
    if (whole and amount < 0) or (not whole and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )


def count_of(amount: Any, size: int) -> int:
    """How many of ``size`` elements that is; a share is rounded to the nearest, ties to even."""
    return int(amount) if isinstance(amount, Integral) else round(amount * size)


def check_count(amount: Any, size: int) -> None:
    """Raise where more than there are were asked for."""
    if isinstance(amount, Integral) and amount > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )


def check_structured(t: Tensor) -> None:
    """Raise where there are no channels to prune."""
    if len(t.shape) <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {t.shape} with {len(t.shape)} dims"
        )


def check_dim(t: Tensor, dim: int) -> None:
    """Raise IndexError where ``t`` has no axis ``dim``."""
    if dim >= t.dim():
        raise IndexError(f"Invalid index {dim} for tensor of size {t.shape}")


def channel_norms(t: Tensor, n: Any, dim: int) -> Tensor:
    """The n-norm of each slice along ``dim``: (channels,)."""
    axes = [axis for axis in range(t.dim()) if axis != dim % t.dim()]
    return norm(t, p=n, dim=axes)
