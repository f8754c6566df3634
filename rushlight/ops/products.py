"""Products whose axes are fixed: tensordot, inner, kron, cross."""

from __future__ import annotations

import math

from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, permute, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import fused
from rushlight.ops.promote import align, common_dtype, require_same_dtype
from rushlight.ops.table import composite


@composite(torch=False, name="_tensordot", grad_name="Tensordot")
def tensordot(a: Node, b: Node, dims_a: tuple[int, ...], dims_b: tuple[int, ...]) -> Node:
    """Sums over pairs of axes: dims_a of ``a`` against dims_b of ``b``."""
    require_same_dtype("tensordot", a=a, b=b)
    first = tuple(normalize_dim(dim, a.ndim) for dim in dims_a)
    second = tuple(normalize_dim(dim, b.ndim) for dim in dims_b)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(dims_a, dims_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} "
                f"and second has size {b.shape[j]} in dim {j}"
            )
    rows = [k for k in range(a.ndim) if k not in first]
    columns = [k for k in range(b.ndim) if k not in second]
    inner = math.prod(a.shape[k] for k in first)
    left = reshape(permute(a, (*rows, *first)), (math.prod(a.shape[k] for k in rows), inner))
    right = reshape(
        permute(b, (*second, *columns)), (inner, math.prod(b.shape[k] for k in columns))
    )
    shape = (*(a.shape[k] for k in rows), *(b.shape[k] for k in columns))
    return reshape(build.dot(left, right), shape)


@composite(method=True)
def inner(input: Node, other: Node) -> Node:
    """Sums of products over the last axes."""
    if input.ndim == 0 or other.ndim == 0:
        return binary("mul", *align(input, other))
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    out: Node = tensordot.body(input, other, (-1,), (-1,))
    return out


@composite(method=True)
def kron(input: Node, other: Node) -> Node:
    """The Kronecker product: every element of ``input`` times all of ``other``."""
    rank = max(input.ndim, other.ndim)
    dtype = common_dtype(input, other)
    a, b = (build.cast(x, dtype) for x in (input, other))
    first = (1,) * (rank - a.ndim) + a.shape
    second = (1,) * (rank - b.ndim) + b.shape
    wide = tuple(size for pair in zip(first, second, strict=True) for size in pair)
    left = reshape(a, tuple(size for n in first for size in (n, 1)))
    right = reshape(b, tuple(size for n in second for size in (1, n)))
    product = binary("mul", build.expand(left, wide), build.expand(right, wide))
    return reshape(product, tuple(n * m for n, m in zip(first, second, strict=True)))


def _roll(x: Node, axis: int, shift: int) -> Node:
    def part(start: int, count: int) -> Node:
        begin = tuple(start if k == axis else 0 for k in range(x.ndim))
        shape = tuple(count if k == axis else n for k, n in enumerate(x.shape))
        return build.slice(x, begin, shape, (1,) * x.ndim)

    return build.cat([part(shift, 3 - shift), part(0, shift)], axis)


@composite(method=True, grad_name="LinalgCross")
def cross(input: Node, other: Node, dim: int | None = None) -> Node:
    """The vector product along ``dim`` (size 3); without it the first such axis."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    require_same_dtype("cross", input=input, other=other)
    shape = broadcast_shapes(input.shape, other.shape)
    if dim is None:
        if 3 not in shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = shape.index(3)
    axis = normalize_dim(dim, len(shape))
    if shape[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[axis]} and "
            f"{other.shape[axis]}"
        )
    a, b = align(input, other)
    lost = binary("mul", _roll(a, axis, 2), _roll(b, axis, 1))
    return fused(_roll(a, axis, 1), _roll(b, axis, 2), unary("neg", lost))
