"""torch.masked: reductions and normalisations that leave out what a mask does not hold.

``mask`` is True where an element counts and broadcasts to the input. Where nothing counts the
result is what the operation starts from: 0 for a sum, -inf for a maximum, nan for a mean.

>>> import rushlight as torch
>>> x, mask = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[True, False, True]])
>>> torch.masked.mean(x, 1, mask=mask)
tensor([2.])
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, float32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dims
from rushlight.tensor.kinds import convert
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Dims = int | tuple[int, ...] | None


def _filled(input: Tensor, mask: Tensor | None, value: float | int | bool) -> Any:
    """``input`` with ``value`` where it does not count."""
    if mask is None:
        return input
    if mask.ndim > input.ndim:
        raise IndexError(
            "_input_mask expected broadcastable mask (got mask dimensionality higher than of the "
            "input)"
        )
    if mask.dtype is not bool_:
        mask = convert(mask, bool_)
    mask = function("expand")(mask, tuple(input.shape))
    return function("where")(mask, input, function("_full")((), value, input.dtype))


def _sums_in(input: Tensor, dtype: DType | None) -> DType:
    if dtype is not None:
        return dtype
    whole = not (input.dtype.is_floating_point or input.dtype.is_complex)
    return int64 if whole else input.dtype


def _axes(input: Tensor, dim: Dims) -> tuple[int, ...]:
    return normalize_dims(dim, input.ndim)


def _axis(input: Tensor, dim: Dims) -> int:
    """The one axis that ``dim`` means: the first of several, and of all that None stands for."""
    if isinstance(dim, int):
        return dim
    return min(_axes(input, dim))


def _limit(dtype: DType, sign: int) -> float | int | bool:
    if dtype.is_floating_point or dtype.is_complex:
        return sign * math.inf
    if dtype is bool_:
        return sign > 0
    limits = np.iinfo(dtype.np)
    return int(limits.max if sign > 0 else limits.min)


def _cast(input: Tensor, dtype: DType | None) -> Tensor:
    return input if dtype in (None, input.dtype) else convert(input, dtype)


def sum(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The sum of what counts; integers as int64."""
    x = _filled(_cast(input, _sums_in(input, dtype)), mask, 0)
    return function("sum")(x, _axes(input, dim), bool(keepdim), dtype=dtype)  # type: ignore[no-any-return]


def prod(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The product of what counts; integers as int64."""
    x = _filled(_cast(input, _sums_in(input, dtype)), mask, 1)
    for axis in sorted(_axes(input, dim), reverse=True):
        x = function("prod")(x, axis, True, dtype=dtype)
    return x if keepdim else _dropped(x, _axes(input, dim))


def _dropped(x: Any, axes: tuple[int, ...]) -> Tensor:
    return function("reshape")(  # type: ignore[no-any-return]
        x, tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    )


def cumsum(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The running sum of what counts."""
    kind = dtype or (int64 if input.dtype is bool_ else input.dtype)
    x = _filled(_cast(input, kind), mask, 0)
    return function("cumsum")(x, _axis(x, dim), dtype=kind)  # type: ignore[no-any-return]


def cumprod(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The running product of what counts."""
    kind = dtype or (int64 if input.dtype is bool_ else input.dtype)
    x = _filled(_cast(input, kind), mask, 1)
    return function("cumprod")(x, _axis(x, dim), dtype=kind)  # type: ignore[no-any-return]


def amax(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The largest that counts."""
    x = _cast(input, dtype)
    return function("amax")(_filled(x, mask, _limit(x.dtype, -1)), _axes(x, dim), bool(keepdim))  # type: ignore[no-any-return]


def amin(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The smallest that counts."""
    x = _cast(input, dtype)
    return function("amin")(_filled(x, mask, _limit(x.dtype, 1)), _axes(x, dim), bool(keepdim))  # type: ignore[no-any-return]


def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where the largest that counts is, in the dtype of the input, as PyTorch has it."""
    found = function("argmax")(_filled(input, mask, _limit(input.dtype, -1)), dim, bool(keepdim))
    return convert(found, dtype or input.dtype)


def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where the smallest that counts is, in the dtype of the input, as PyTorch has it."""
    found = function("argmin")(_filled(input, mask, _limit(input.dtype, 1)), dim, bool(keepdim))
    return convert(found, dtype or input.dtype)


def _count(input: Tensor, dim: Dims, mask: Tensor | None, dtype: DType) -> Any:
    """How many count, the reduced axes kept."""
    ones: Any = function("_constant")(tuple(input.shape), 1, dtype)
    return function("sum")(_filled(ones, mask, 0), _axes(input, dim), True)


def mean(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean of what counts. Raises ValueError for whole numbers without a ``dtype``."""
    kind = dtype or input.dtype
    if not (kind.is_floating_point or kind.is_complex):
        which = "Input" if dtype is None else "Optional"
        raise ValueError(
            f"mean(): Could not infer output dtype. {which} dtype must be either a floating point "
            f"or complex dtype. Got: {kind}"
        )
    x = _cast(input, dtype)
    axes = _axes(x, dim)
    total = sum(x, axes, keepdim=True, mask=mask)
    found: Any = total / _count(x, dim, mask, total.dtype)  # type: ignore[operator]
    return found if keepdim else _dropped(found, axes)


def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The lower median of what counts along ``dim``, in the dtype of the input."""
    x = input
    if mask is None:
        return function("median")(x, dim, bool(keepdim))[0]  # type: ignore[no-any-return]
    return function("nanmedian")(_filled(x, mask, math.nan), dim, bool(keepdim))[0]  # type: ignore[no-any-return]


def norm(
    input: Tensor, ord: float = 2.0, dim: Dims = None, *, keepdim: bool = False,
    dtype: DType | None = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The vector norm of what counts."""
    x = input
    other = math.inf if ord == -math.inf else 0
    return function("_vector_norm")(
        _filled(x, mask, other), ord, _axes(x, dim), bool(keepdim), dtype
    )  # type: ignore[no-any-return]


def var(
    input: Tensor, dim: Dims = None, unbiased: bool | None = None, *,
    correction: float | None = None, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of what counts; ``unbiased`` (the default) divides by one less."""
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    less = correction if correction is not None else int(unbiased is None or unbiased)
    # A ``dtype`` of whole numbers is that of the sum under the mean and of the result.
    kind, summed = dtype or input.dtype, dtype
    if not (kind.is_floating_point or kind.is_complex):
        kind = float32
    x: Any = input if dtype is not None and kind is not dtype else _cast(input, kind)
    axes = _axes(x, dim)
    count = _count(x, dim, mask, kind.to_real())
    centred = x - sum(x, axes, keepdim=True, dtype=summed, mask=mask) / count
    squares = centred * centred.conj() if kind.is_complex else centred * centred
    total: Any = sum(squares, axes, keepdim=True, dtype=kind, mask=mask)
    left = count - less
    found = _cast(total / function("clamp")(left, min=0), dtype)
    return found if keepdim else _dropped(found, axes)


def std(
    input: Tensor, dim: Dims = None, unbiased: bool | None = None, *,
    correction: float | None = None, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The square root of ``var``."""
    return function("sqrt")(  # type: ignore[no-any-return]
        var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask)
    )


def logsumexp(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(sum(exp(x))) of what counts."""
    x = _cast(input, dtype)
    low = _limit(x.dtype, -1)
    made = function("logsumexp")(_filled(x, mask, low), _axes(x, dim), bool(keepdim))
    return convert(made, x.dtype)  # of whole numbers too, as in PyTorch


def logaddexp(
    input: Tensor, other: Tensor, *, dtype: DType | None = None,
    input_mask: Tensor | None = None, other_mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(exp(input) + exp(other)) of what counts of each."""
    x, y = _cast(input, dtype), _cast(other, dtype)
    return function("logaddexp")(  # type: ignore[no-any-return]
        _filled(x, input_mask, -math.inf), _filled(y, other_mask, -math.inf)
    )


def softmax(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """softmax over what counts, 0 elsewhere."""
    x = _cast(input, dtype)
    return function("softmax")(_filled(x, mask, -math.inf), _axis(x, dim))  # type: ignore[no-any-return]


def log_softmax(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """log(softmax) over what counts, -inf elsewhere."""
    x = _cast(input, dtype)
    return function("log_softmax")(_filled(x, mask, -math.inf), _axis(x, dim))  # type: ignore[no-any-return]


def softmin(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """softmax of -input over what counts, 0 elsewhere."""
    x = _filled(_cast(input, dtype), mask, math.inf)
    return function("softmax")(function("neg")(x), _axis(x, dim))  # type: ignore[no-any-return]


def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """What counts over its norm along ``dim``, at least ``eps``; 0 elsewhere."""
    x = _cast(input, dtype)
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    found: Any = _filled(x, mask, 0) / function("clamp")(size, min=eps)
    return found  # type: ignore[no-any-return]


_ops = sys.modules[__name__]  # where the examples of PyTorch's pages find these functions

__all__ = [
    "amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp",
    "logsumexp", "mean", "median", "norm", "normalize", "prod", "softmax", "softmin", "std",
    "sum", "var",
]  # fmt: skip
