"""What distributions do with their parameters: broadcasting, chances and log-odds, lazy values."""

from __future__ import annotations

import functools
from collections.abc import Callable
from numbers import Number
from typing import Any

import rushlight as torch


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Tensors of one shape; numbers take the dtype of the first tensor, or the default one.

    >>> [tuple(each.shape) for each in broadcast_all(1.0, torch.zeros(3))]
    [(3,), (3,)]
    """
    if not all(isinstance(each, (torch.Tensor, Number)) for each in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    dtypes = [each.dtype for each in values if isinstance(each, torch.Tensor)]
    dtype = dtypes[0] if dtypes else torch.get_default_dtype()
    tensors = [
        each if isinstance(each, torch.Tensor) else torch.tensor(each, dtype=dtype)
        for each in values
    ]
    return tuple(torch.broadcast_tensors(*tensors))


@functools.cache
def _eps(kind: Any) -> float:
    return float(torch.finfo(kind).eps)


def clamp_probs(probs: Any) -> Any:
    """Chances kept away from 0 and 1 by the precision of their dtype."""
    eps = _eps(probs.dtype)
    return probs.clamp(min=eps, max=1 - eps)


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Chances of log-odds (binary) or of unnormalised log-chances along the last axis."""
    return torch.sigmoid(logits) if is_binary else torch.softmax(logits, dim=-1)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Log-odds (binary) or log-chances; 0 and 1 are moved inside first."""
    inside = clamp_probs(probs)
    logs = torch.log(inside)
    return logs - torch.log1p(-inside) if is_binary else logs


def exactly_one(probs: Any, logits: Any) -> bool:
    """Whether ``probs`` is the one given; ValueError unless one of the two is."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return probs is not None


def standard_normal(shape: Any, dtype: Any) -> Any:
    """Normal numbers, drawn in place as PyTorch's distributions draw them."""
    return torch.empty(shape, dtype=dtype).normal_()


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last ``dims`` axes."""
    if dims == 0:
        return value
    return value.reshape((*tuple(value.shape)[: value.dim() - dims], -1)).sum(-1)


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The elements on and below a diagonal, row by row. (*, D, D) -> (*, M)."""
    size = mat.shape[-1]
    if not -size <= diag < size:
        raise ValueError(f"diag ({diag}) provided is outside [{-size}, {size - 1}].")
    rows, columns = torch.tril_indices(size, size, diag).unbind(0)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """The matrix whose elements on and below a diagonal are ``vec``. (*, M) -> (*, D, D)."""
    count = vec.shape[-1]
    # Without the part above the diagonal: D (D + 1) / 2 + D diag elements (diag <= 0: exactly
    # |diag| (|diag| - 1) / 2 more); this is the positive root for D.
    root = (1 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5
    size = round((-(1 + 2 * diag) + root) / 2)
    rows, columns = torch.tril_indices(size, size, diag).unbind(0)
    if rows.numel() != count:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as the lower "
            "triangular part of a square D x D matrix."
        )
    flat = torch.zeros((*tuple(vec.shape)[:-1], size * size), dtype=vec.dtype)
    places = (rows * size + columns).expand(vec.shape)
    return flat.scatter(-1, places, vec).reshape((*tuple(vec.shape)[:-1], size, size))


class lazy_property:
    """A method's value, computed when first read and kept in the instance."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__
        self.__name__ = wrapped.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with torch.enable_grad():
            value = self.wrapped(instance)
        instance.__dict__[self.__name__] = value
        return value
