"""Products of matrices and vectors: mm, bmm, mv, dot, outer, matmul."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import binary, dot, permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import c_name, legacy_name
from rushlight.ops.promote import align, require_same_dtype
from rushlight.ops.samples import INTEGERS, BadInputs, Rng, Samples, floats, raises
from rushlight.ops.table import composite


def require_2d(who: str, **matrices: Node) -> None:
    for name, x in matrices.items():
        if x.ndim != 2:
            raise RuntimeError(f"{who}: {name} must be a matrix, got {x.ndim}-D {list(x.shape)}")


def require_fit(a: Node, b: Node) -> None:
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[-2]}x{a.shape[-1]} and "
            f"{b.shape[-2]}x{b.shape[-1]})"
        )


def _require_length(rows: Node, vec: Node) -> None:
    """ShapeError unless a vector is as long as the rows it is multiplied with."""
    count, length = math.prod(rows.shape[:-1]), rows.shape[-1]
    if length != vec.shape[0]:
        raise ShapeError(
            f"size mismatch, got input ({count}), mat ({count}x{length}), vec ({vec.shape[0]})"
        )


def transposed(x: Node) -> Node:
    """The last two axes swapped."""
    return permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def _same_dtype(who: str, a: Node, b: Node) -> None:
    """RuntimeError, in PyTorch's words, unless two factors have one dtype."""
    if a.dtype is b.dtype:
        return
    if a.ndim == 2 and b.ndim == 2:
        told = (
            "expected m1 and m2 to have the same dtype, but got: "
            f"{c_name(a.dtype)} != {c_name(b.dtype)}"
        )
    else:
        told = f"expected scalar type {legacy_name(a.dtype)} but found {legacy_name(b.dtype)}"
    raise RuntimeError(f"{told} ({who}: convert one of them with .to(dtype))")


@composite(method=True)
def mm(input: Node, mat2: Node) -> Node:
    """Two matrices: (M, K) x (K, N) -> (M, N)."""
    _same_dtype("mm", input, mat2)
    require_2d("mm", self=input, mat2=mat2)
    require_fit(input, mat2)
    return dot(input, mat2)


@mm.samples
def _(rng: Rng) -> Samples:
    for m, k, n in ((3, 4, 5), (1, 7, 1), (17, 33, 9), (0, 3, 2), (2, 0, 3)):
        yield (floats(rng, m, k), floats(rng, k, n)), {}
    yield (INTEGERS, INTEGERS.T.copy()), {}


@mm.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), np.ones((2, 3))), {}, RuntimeError, "cannot be multiplied"
    yield (np.ones(3), np.ones((3, 2))), {}, RuntimeError, "must be a matrix"
    yield (np.ones((2, 3)), INTEGERS), {}, RuntimeError, "same dtype"


@composite(method=True)
def bmm(input: Node, mat2: Node) -> Node:
    """Batches of matrices: (B, M, K) x (B, K, N) -> (B, M, N)."""
    _same_dtype("bmm", input, mat2)
    for x in (input, mat2):
        if x.ndim != 3:
            raise RuntimeError(
                "batch1 must be a 3D tensor" if x is input else "batch2 must be a 3D tensor"
            )
    if input.shape[0] != mat2.shape[0] or input.shape[2] != mat2.shape[1]:
        raise ShapeError(
            f"Expected size for first two dimensions of batch2 tensor to be: "
            f"[{input.shape[0]}, {input.shape[2]}] but got: [{mat2.shape[0]}, {mat2.shape[1]}]."
        )
    return dot(input, mat2)


@bmm.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), floats(rng, 2, 4, 5)), {}
    yield (floats(rng, 1, 1, 6), floats(rng, 1, 6, 1)), {}
    yield (floats(rng, 0, 3, 4), floats(rng, 0, 4, 5)), {}


@bmm.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), np.ones((2, 3, 4))), {}, RuntimeError, "must be a 3D tensor"
    yield (np.ones((2, 3, 4)), np.ones((3, 4, 5))), {}, RuntimeError, "Expected size for first two"


@composite(method=True)
def mv(input: Node, vec: Node) -> Node:
    """Matrix times vector: (M, K) x (K) -> (M)."""
    require_same_dtype("mv", self=input, vec=vec)
    if input.ndim != 2 or vec.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}")
    _require_length(input, vec)
    return reshape(dot(input, reshape(vec, (*vec.shape, 1))), (input.shape[0],))


@mv.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 4)), {}
    yield (floats(rng, 0, 4), floats(rng, 4)), {}
    yield (floats(rng, 3, 0), floats(rng, 0)), {}


mv.bad_inputs(raises(((np.ones((2, 3)), np.ones(2)), {}, RuntimeError, "size mismatch")))


@composite(name="dot", method=True)
def vector_dot(input: Node, tensor: Node) -> Node:
    """The sum of products of two vectors."""
    require_same_dtype("dot", self=input, tensor=tensor)
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors")
    if input.shape != tensor.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{input.shape[0]}] and src "
            f"[{tensor.shape[0]}] to have the same number of elements, but got "
            f"{input.shape[0]} and {tensor.shape[0]} elements respectively"
        )
    return reshape(dot(reshape(input, (1, input.size)), reshape(tensor, (tensor.size, 1))), ())


@vector_dot.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 7), floats(rng, 7)), {}
    yield (np.zeros(0), np.zeros(0)), {}
    yield (INTEGERS[0], INTEGERS[1]), {}


@vector_dot.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 2)), np.ones(2)), {}, RuntimeError, "1D tensors expected"
    yield (np.ones(3), np.ones(2)), {}, RuntimeError, "inconsistent tensor size"


@composite(method=True, aliases=("ger",))
def outer(input: Node, vec2: Node) -> Node:
    """All products of two vectors: (N) x (M) -> (N, M)."""
    for name, x in (("self", input), ("vec2", vec2)):
        if x.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {x.ndim}-D")
    return binary("mul", *align(reshape(input, (input.size, 1)), reshape(vec2, (1, vec2.size))))


@outer.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3), floats(rng, 4)), {}
    yield (floats(rng, 0), floats(rng, 4)), {}
    yield (floats(rng, 3), INTEGERS[0]), {}


outer.bad_inputs(raises(((np.ones((2, 2)), np.ones(2)), {}, RuntimeError, "Expected 1-D")))


@composite(method=True)
def matmul(input: Node, other: Node) -> Node:
    """The matrix product with PyTorch's rules for vectors and batches.

    (K) x (K) -> (); (M, K) x (K) -> (M); (K) x (K, N) -> (N);
    (.., M, K) x (.., K, N) -> (.., M, N).
    """
    _same_dtype("matmul", input, other)
    if input.ndim == 0 or other.ndim == 0:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{input.ndim}D and {other.ndim}D"
        )
    if input.ndim == 1 and other.ndim == 1:
        return vector_dot.body(input, other)  # type: ignore[no-any-return]
    a = reshape(input, (1, input.size)) if input.ndim == 1 else input
    b = reshape(other, (other.size, 1)) if other.ndim == 1 else other
    if other.ndim == 1 and input.ndim > 1:
        _require_length(a, other)
    require_fit(a, b)
    if b.ndim == 2 and a.ndim > 2:
        # One weight for a whole batch: fold the batch into the rows.
        rows = 1
        for size in a.shape[:-1]:
            rows *= size
        out = reshape(dot(reshape(a, (rows, a.shape[-1])), b), (*a.shape[:-1], b.shape[-1]))
    else:
        batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = dot(
            build.broadcast(a, (*batch, *a.shape[-2:])), build.broadcast(b, (*batch, *b.shape[-2:]))
        )
    shape = out.shape
    if input.ndim == 1:
        shape = (*shape[:-2], shape[-1])
    if other.ndim == 1:
        shape = shape[:-1]
    return reshape(out, shape)


@matmul.samples
def _(rng: Rng) -> Samples:
    pairs = (
        ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((4,), (2, 4, 5)), ((2, 3, 4), (4,)),
        ((0, 4), (4, 5)), ((2, 3, 0), (0, 4)),
    )  # fmt: skip
    for a, b in pairs:
        yield (floats(rng, *a), floats(rng, *b)), {}
    yield (INTEGERS, INTEGERS[0]), {}


@matmul.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(()), np.ones(3)), {}, RuntimeError, "at least 1D"
    yield (np.ones((2, 3)), np.ones((2, 3))), {}, RuntimeError, "cannot be multiplied"
    yield (np.ones((2, 3)), np.ones(3, np.float32)), {}, RuntimeError, "dtype"
