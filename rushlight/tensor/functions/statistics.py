"""Covariance, correlation, the most frequent value, membership, norms kept below a bound."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, int64
from rushlight.base.shape import normalize_dim
from rushlight.engine.trace import local
from rushlight.ops.kernels import refuse
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions import one_sample
from rushlight.tensor.functions.register import public
from rushlight.tensor.kinds import convert
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _weights(who: str, weights: Tensor | None, count: int, whole: bool) -> None:
    if weights is None:
        return
    if weights.ndim > 1:
        raise RuntimeError(f"cov(): expected {who} to have one or fewer dimensions")
    if weights.dtype.is_floating_point is whole:
        kind = "integral" if whole else "floating point"
        raise RuntimeError(f"cov(): expected {who} to have {kind} dtype but got {weights.dtype}")
    if int(np.prod(weights.shape)) != count:
        raise RuntimeError(
            f"cov(): expected {who} to have the same numel as there are observations"
        )
    if (weights._array() < 0).any():
        raise RuntimeError(f"cov(): {who} cannot be negative")


@public(method=True)
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The covariance of variables (rows) over observations (columns): (V, N) -> (V, V).

    ``fweights`` counts observations, ``aweights`` weighs them.
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if input.dtype is bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x: Any = input if input.ndim == 2 else function("reshape")(input, (1, -1))
    x = x if x.dtype.is_floating_point or x.dtype.is_complex else x.float()
    count = x.shape[1]
    _weights("fweights", fweights, count, True)
    _weights("aweights", aweights, count, False)
    weights: Any = None
    if fweights is not None:
        weights = fweights.reshape(-1)
    if aweights is not None:
        weights = aweights.reshape(-1) if weights is None else weights * aweights.reshape(-1)
    if weights is None:
        total: Any = count
        mean = x.mean(1, True) if count else x.sum(1, True) / 0
    else:
        total = weights.sum()
        if float(total) == 0:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = (x * weights).sum(1, True) / total
    if weights is None:
        divisor = max(count - correction, 0)
    elif correction == 0 or aweights is None:
        divisor = (total - correction).clamp(min=0)
    else:
        divisor = (total - correction * (weights * aweights.reshape(-1)).sum() / total).clamp(min=0)
    centred = x - mean
    weighted = centred if weights is None else centred * weights
    turned = function("t")(weighted)
    found = (
        function("mm")(centred, function("_conj")(turned) if x.dtype.is_complex else turned)
        / divisor
    )
    return function("squeeze")(found)  # type: ignore[no-any-return]


@public(method=True)
def corrcoef(input: Tensor) -> Tensor:
    """Pearson's correlation of variables (rows), clipped to [-1, 1]: (V, N) -> (V, V)."""
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    shared: Any = cov(input)
    if shared.ndim == 0:
        return shared / shared  # type: ignore[no-any-return]
    spread = function("sqrt")(shared.diag())
    ratio = shared / spread.reshape(-1, 1) / spread.reshape(1, -1)
    if ratio.dtype.is_complex:
        parts = (function("clamp")(part, -1, 1) for part in (ratio.real, ratio.imag))
        return function("complex")(*parts)  # type: ignore[no-any-return]
    return function("clamp")(ratio, -1, 1)  # type: ignore[no-any-return]


@public(method=False, out=True)
def isin(
    elements: Tensor | float, test_elements: Tensor | float, *, assume_unique: bool = False,
    invert: bool = False,
) -> Tensor:  # fmt: skip
    """Whether each element occurs in ``test_elements``; either may be a number."""
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin() needs a Tensor as elements or as test_elements, got two numbers")

    for each in (elements, test_elements):
        if isinstance(each, bool):
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
        if isinstance(each, Tensor):
            refuse("isin", each.dtype)
    if local.trace.abstract:
        return one_sample.isin(elements, test_elements, invert)

    def array(value: Any) -> Any:
        return value._array() if isinstance(value, Tensor) else np.asarray(value)

    found = np.isin(array(elements), array(test_elements), invert=invert)
    return Tensor._from_array(np.asarray(found))


@public(method=True, inplace=True, out=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """``input`` with each slice along ``dim`` scaled down to a p-norm of at most ``maxnorm``."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
        )
    axis = normalize_dim(dim, input.ndim)
    others = tuple(k for k in range(input.ndim) if k != axis)
    norm = function("_vector_norm")(input, p, others, True)
    scale = function("where")(norm > maxnorm, maxnorm / (norm + 1e-7), 1.0)
    return function("mul")(input, scale)  # type: ignore[no-any-return]


@public(method=True, inplace=True, out=True)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *,
    include_self: bool = True,
) -> Tensor:  # fmt: skip
    """Slices of ``source`` combined into ``input`` at ``index``: prod, mean, amax or amin."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either prod, mean, amax or amin, got {reduce}."
        )
    if index.ndim > 1:
        raise RuntimeError("index_reduce_(): Index is supposed to be a vector")
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_reduce_(): self ({legacy_name(input.dtype)}) and source "
            f"({legacy_name(source.dtype)}) must have the same scalar type"
        )
    refuse("index_reduce" if include_self else "index_reduce_without", input.dtype)
    axis = normalize_dim(dim, input.ndim)
    parts = source.shape[axis] if source.ndim else 1
    if index.numel() != parts:  # type: ignore[attr-defined]
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({index.numel()}) should be equal to "  # type: ignore[attr-defined]
            f"source.size(dim): ({parts}), for dim: {axis}"
        )
    rest, other = (
        (len(each.shape), each.shape[:axis], each.shape[axis + 1 :]) for each in (input, source)
    )
    if rest != other:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )
    places = convert(index, int64)
    shape = [1] * source.ndim
    if shape:
        shape[axis] = -1
    wide = function("expand")(function("reshape")(places, tuple(shape)), *source.shape)
    found: Tensor = function("scatter_reduce")(
        input, dim, wide, source, reduce, include_self=include_self
    )
    return found


@public()
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The coordinates that flat ``indices`` have in an array of ``shape``, a tensor per axis."""
    if indices.dtype.is_floating_point or indices.dtype is bool_:
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    parts, left = [], convert(indices, int64)
    for size in reversed(sizes):
        parts.append(function("remainder")(left, size))
        left = function("floor_divide")(left, size)
    return tuple(reversed(parts))


@public(method=True, out=True)
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """``nonzero`` cut or filled up with ``fill_value`` to ``size`` rows."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    places = np.stack(np.nonzero(input._array()), 1) if input.ndim else (
        np.zeros((int(bool(input._array())), 0), np.int64)
    )  # fmt: skip
    found = np.full((size, input.ndim), fill_value, np.int64)
    kept = min(size, places.shape[0])
    found[:kept] = places[:kept]
    return Tensor._from_array(found)
