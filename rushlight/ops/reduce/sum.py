"""Sums and means: sum, nansum, mean, nanmean."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, int64
from rushlight.base.shape import normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import compute_dtype
from rushlight.ops.reduce.dims import Dims, count_of, finish
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, over_dims, raises
from rushlight.ops.table import composite


def _sum(x: Node, axes: tuple[int, ...]) -> Node:
    """Sum in the compute dtype; half precision is rounded once, at the end."""
    wide = build.cast(x, compute_dtype(x.dtype))
    return build.cast(reduce(wide, "sum", axes), x.dtype)


@composite(method=True)
def sum(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The sum over ``dim`` (all by default). Integers and bools are summed as int64."""
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    x = build.cast(input, dtype)
    axes = normalize_dims(dim, x.ndim)
    return finish(_sum(x, axes), x, axes, keepdim)


@sum.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (INTEGERS.astype(np.int32),), {"dtype": float32}
    yield (floats(rng, 3, 0),), {"dim": 0}


@composite(method=True)
def nansum(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The sum with nan counted as 0."""
    clean = build.where(binary("ne", input, input), const(0, input.shape, input.dtype), input)
    out: Node = sum.body(clean, dim, keepdim, dtype=dtype)
    return out


nansum.samples(over_dims())


def mean_of(x: Node, axes: tuple[int, ...]) -> Node:
    """The mean over ``axes`` in the compute dtype, axes removed: for other ops' bodies."""
    total = reduce(x, "sum", axes)
    return binary("div", total, const(count_of(x.shape, axes), total.shape, total.dtype))


@composite(method=True)
def mean(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The mean over ``dim``; nan of nothing. Raises RuntimeError for integers without ``dtype``."""
    dtype = input.dtype if dtype is None else dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {legacy_name(dtype)}"
        )
    x = build.cast(input, compute_dtype(dtype))
    axes = normalize_dims(dim, x.ndim)
    return build.cast(finish(mean_of(x, axes), x, axes, keepdim), dtype)


mean.samples(over_dims(whole=False))
mean.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "could not infer output dtype")))


@composite(method=True)
def nanmean(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The mean of what is not nan."""
    if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            "nanmean(): could not infer output dtype. Optional dtype must be either a floating "
            f"point or complex dtype. Got: {legacy_name(dtype)}"
        )
    present = build.cast(binary("eq", input, input), input.dtype)
    total = nansum.body(input, dim, keepdim, dtype=dtype)
    count = sum.body(present, dim, keepdim, dtype=dtype)
    return binary("div", total, count)


nanmean.samples(over_dims(whole=False))
