"""The product of elements: prod."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import int64
from rushlight.base.shape import normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.reduce.dims import finish, kept_shape
from rushlight.ops.reduce.scan import cumprod
from rushlight.ops.samples import Rng, Samples, over_dims
from rushlight.ops.table import composite


@composite(method=True)
def prod(
    input: Node, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The product over one dim or all. Integers and bools are multiplied as int64."""
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    x = build.cast(input, dtype)
    axes = normalize_dims(dim, x.ndim)
    return finish(reduce(x, "prod", axes), x, axes, keepdim)


@prod.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(several=False, bools=True)(rng)
    yield (np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0], [1.0, 2.0, 4.0]]), 1), {}
    yield (np.array([2.0, 0.0, 3.0]),), {}


@prod.vjp
def _(g: Node, out: Node, input: Node, dim: int | None, keepdim: bool, dtype: DType | None) -> Any:
    # The product before each element times the product after it: right where zeros stand.
    x = build.cast(input, out.dtype)
    axes = normalize_dims(dim, x.ndim)
    wide = build.expand(reshape(g, kept_shape(x.shape, axes)), x.shape)
    if not x.size or not x.ndim:
        return (build.cast(wide, input.dtype),)
    axis = axes[0] if dim is not None else 0
    lined = x if dim is not None else reshape(x, (x.size,))
    ones = kept_shape(lined.shape, (axis,))
    lead = tuple(int(k == axis) for k in range(lined.ndim))

    def shifted(values: Node) -> Node:
        kept = tuple(n - k for n, k in zip(values.shape, lead, strict=True))
        first = build.slice(values, (0,) * values.ndim, kept, (1,) * values.ndim)
        return build.cat([const(1, ones, values.dtype), first], axis)

    def flipped(values: Node) -> Node:
        start = tuple((n - 1) * k for n, k in zip(values.shape, lead, strict=True))
        return build.slice(values, start, values.shape, tuple(1 - 2 * k for k in lead))

    before = cumprod(shifted(lined), axis)
    after = flipped(cumprod(shifted(flipped(lined)), axis))
    others = reshape(binary("mul", before, after), x.shape)
    return (build.cast(binary("mul", wide, others), input.dtype),)
