"""A product added to something: addmm, baddbmm, addbmm, addmv, addr."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, dot
from rushlight.ir.graph import Node
from rushlight.ops.matmul import bmm, mv, outer, require_2d, require_fit
from rushlight.ops.promote import common_dtype, compute_dtype, full, require_same_dtype
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Scalar, composite


def _scaled_sum(input: Node, product: Node, beta: Scalar, alpha: Scalar) -> Node:
    if isinstance(alpha, Node) or alpha != 1:
        product = binary("mul", product, full(alpha, product.shape, product.dtype))
    if not isinstance(beta, Node) and beta == 0:
        return product
    bias = build.broadcast(input, product.shape)
    if isinstance(beta, Node) or beta != 1:
        scale = full(beta, bias.shape, bias.dtype)
        zero = build.const(0, bias.shape, bias.dtype)
        # beta = 0 ignores the input, nan and infinities in it too.
        bias = build.where(binary("eq", scale, zero), zero, binary("mul", bias, scale))
    return binary("add", product, bias)


@composite(method=True, inplace=True)
def addmm(input: Node, mat1: Node, mat2: Node, *, beta: Scalar = 1, alpha: Scalar = 1) -> Node:
    """beta * input + alpha * mat1 @ mat2."""
    require_same_dtype("addmm", self=input, mat1=mat1, mat2=mat2)
    require_2d("addmm", mat1=mat1, mat2=mat2)
    require_fit(mat1, mat2)
    # Half precision is rounded once, as PyTorch does, not at each operation.
    dtype, wide = mat1.dtype, compute_dtype(mat1.dtype)
    input, mat1, mat2 = (build.cast(x, wide) for x in (input, mat1, mat2))
    return build.cast(_scaled_sum(input, dot(mat1, mat2), beta, alpha), dtype)


@addmm.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 5), floats(rng, 3, 4), floats(rng, 4, 5)), {}
    yield (floats(rng, 5), floats(rng, 3, 4), floats(rng, 4, 5)), {"beta": 0.5, "alpha": 2.0}
    yield (np.full(5, np.nan), floats(rng, 3, 4), floats(rng, 4, 5)), {"beta": 0}


@composite(method=True, inplace=True)
def baddbmm(
    input: Node, batch1: Node, batch2: Node, *, beta: Scalar = 1, alpha: Scalar = 1
) -> Node:
    """beta * input + alpha * batch1 @ batch2, batch by batch."""
    require_same_dtype("baddbmm", self=input, batch1=batch1, batch2=batch2)
    dtype, wide = batch1.dtype, compute_dtype(batch1.dtype)
    input, batch1, batch2 = (build.cast(x, wide) for x in (input, batch1, batch2))
    return build.cast(_scaled_sum(input, bmm.body(batch1, batch2), beta, alpha), dtype)


@baddbmm.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 5), floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)), {}
    yield (floats(rng, 5), floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)), {"beta": 0.5, "alpha": 2.0}


@composite(method=True, inplace=True)
def addbmm(input: Node, batch1: Node, batch2: Node, *, beta: Scalar = 1, alpha: Scalar = 1) -> Node:
    """beta * input + alpha * sum of batch1[i] @ batch2[i]."""
    require_same_dtype("addbmm", self=input, batch1=batch1, batch2=batch2)
    product = build.reduce(bmm.body(batch1, batch2), "sum", (0,))
    return _scaled_sum(input, product, beta, alpha)


@addbmm.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 5), floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)), {}
    yield (floats(rng, 5), floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)), {"beta": 0.5, "alpha": 2.0}


@composite(method=True, inplace=True)
def addmv(input: Node, mat: Node, vec: Node, *, beta: Scalar = 1, alpha: Scalar = 1) -> Node:
    """beta * input + alpha * mat @ vec."""
    require_same_dtype("addmv", self=input, mat=mat, vec=vec)
    return _scaled_sum(input, mv.body(mat, vec), beta, alpha)


@addmv.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3), floats(rng, 3, 4), floats(rng, 4)), {}
    yield (floats(rng, 3), floats(rng, 3, 4), floats(rng, 4)), {"beta": 0.5, "alpha": 2.0}


@composite(method=True, inplace=True)
def addr(input: Node, vec1: Node, vec2: Node, *, beta: Scalar = 1, alpha: Scalar = 1) -> Node:
    """beta * input + alpha * outer(vec1, vec2)."""
    dtype = common_dtype(input, vec1, vec2)
    product = outer.body(build.cast(vec1, dtype), build.cast(vec2, dtype))
    return _scaled_sum(build.cast(input, dtype), product, beta, alpha)


@addr.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 3), floats(rng, 4)), {}
    yield (floats(rng, 4), floats(rng, 3), floats(rng, 4)), {"beta": 0.5, "alpha": 2.0}
