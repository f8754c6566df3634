"""A product added to something: addmm, baddbmm, addbmm, addmv, addr."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, dot
from rushlight.ir.graph import Node
from rushlight.ops.matmul import bmm, mv, outer, require_2d, require_fit
from rushlight.ops.promote import common_dtype, compute_dtype, full, grad_to, require_same_dtype
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Grads, Scalar, composite

_IN_TURN = 16  # products that are added one after another


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
    products = bmm.body(batch1, batch2)
    count, *shape = products.shape
    if not 1 <= count <= _IN_TURN:
        return _scaled_sum(input, build.reduce(products, "sum", (0,)), beta, alpha)
    # One after another, as PyTorch adds them; halves are rounded after each.
    dtype, wide = batch1.dtype, compute_dtype(batch1.dtype)
    products = bmm.body(build.cast(batch1, wide), build.cast(batch2, wide))
    total = input
    for batch in range(count):
        one = build.slice(products, (batch, 0, 0), (1, *shape), (1, 1, 1))
        one = build.reshape(one, tuple(shape))
        whole = _scaled_sum(build.cast(total, wide), one, 1 if batch else beta, alpha)
        total = build.cast(whole, dtype)
    return total


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
    column = build.cast(vec1, dtype)
    if isinstance(alpha, Node) or alpha != 1:
        column = binary("mul", column, full(alpha, column.shape, dtype))
    product = outer.body(column, build.cast(vec2, dtype))
    return _scaled_sum(build.cast(input, dtype), product, beta, 1)


@addr.vjp
def _(
    g: Node, out: Node, input: Node, vec1: Node, vec2: Node, beta: Scalar, alpha: Scalar
) -> Grads:
    def scaled(x: Node, factor: Scalar) -> Node:
        return binary("mul", x, full(factor, x.shape, x.dtype))

    column, row = (build.cast(x, g.dtype) for x in (vec1, vec2))
    turned = build.permute(g, (1, 0))
    return (
        grad_to(scaled(g, beta), input),
        grad_to(scaled(mv.body(g, row), alpha), vec1),
        grad_to(scaled(mv.body(turned, column), alpha), vec2),
    )


@addr.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 3), floats(rng, 4)), {}
    yield (floats(rng, 4), floats(rng, 3), floats(rng, 4)), {"beta": 0.5, "alpha": 2.0}
