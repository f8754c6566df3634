"""Creation: tensors from nothing but numbers. Recorded, so constants fuse into their readers."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bool_, float32, float64, int32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import compute_dtype, grad_to
from rushlight.ops.promote import full as filled
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, raises
from rushlight.ops.table import Grads, Operand, Scalar, composite

Shape = tuple[int, ...]


@composite(torch=False, name="_full", differentiable=False)
def full(size: Shape, fill_value: Scalar, dtype: DType) -> Node:
    """``fill_value`` everywhere."""
    _require_countable(size, dtype)
    return filled(fill_value, size, dtype)


@full.samples
def _(rng: Rng) -> Samples:
    yield ((2, 3), 1.5, float32), {}
    yield ((), 2, float64), {}
    yield ((0, 3), 7, int64), {}
    yield ((2,), True, bool_), {}


_OVERFLOWED = "Storage size calculation overflowed with sizes="
full.bad_inputs(raises((((2**40, 2**21), 1.5, float32), {}, RuntimeError, _OVERFLOWED)))


def _require_countable(size: Shape, dtype: DType) -> None:
    if math.prod(size) * dtype.itemsize >= 2**63:
        raise RuntimeError(f"{_OVERFLOWED}{list(size)}")


@composite(torch=False, name="_fill", grad_name="Fill")
def fill(input: Node, value: Scalar) -> Node:
    """``value`` in the place of every element: nothing of ``input`` is read, its slope is zero."""
    return filled(value, input.shape, input.dtype)


@composite(torch=False, name="_zero", grad_name="Zero")
def zero(input: Node) -> Node:
    """0 in the place of every element."""
    return const(0, input.shape, input.dtype)


@fill.vjp
def _(g: Node, out: Node, input: Node, value: Scalar) -> Grads:
    return (const(0, input.shape, input.dtype),)


@zero.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    return (const(0, input.shape, input.dtype),)


@composite(torch=False, name="_copy", grad_name="Copy")
def copy(input: Node, source: Node) -> Node:
    """``source``, broadcast and cast, in the place of every element."""
    return filled(source, input.shape, input.dtype)


@copy.vjp
def _(g: Node, out: Node, input: Node, source: Node) -> Grads:
    return const(0, input.shape, input.dtype), grad_to(g, source)


@copy.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), floats(rng, 3)), {}
    yield (floats(rng, 2, 3), INTEGERS[:1]), {}


@fill.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), 1.5), {}
    yield (floats(rng), 2), {}


@zero.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3),), {}


@composite(torch=False, name="_in_place_of", grad_name="Copy")
def in_place_of(input: Node, source: Node, who: str) -> Node:
    """``source``, of the shape and dtype of ``input``, whose slope in ``input`` is zero.

    For results that PyTorch gives a gradient of zeros: draws, and what depends on shapes only.
    ``who`` names the node of the gradient graph (tensor/grad_names.py).
    """
    return source


@in_place_of.vjp
def _(g: Node, out: Node, input: Node, source: Node, who: str) -> Grads:
    return const(0, input.shape, input.dtype), grad_to(g, source)


@in_place_of.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), floats(rng, 2, 3), "Uniform"), {}


@composite(torch=False, name="_stretched_noise", grad_name="Normal")
def stretched_noise(noise: Node, std: Operand, mean: Operand) -> Node:
    """noise * std + mean. A draw is no function of its parameters: the slopes are zero."""
    wide = compute_dtype(noise.dtype)  # numbers are not rounded to halves before
    by, moved = (filled(each, noise.shape, wide) for each in (std, mean))
    spread = build.cast(binary("mul", build.cast(noise, wide), by), noise.dtype)
    return build.cast(binary("add", build.cast(spread, wide), moved), noise.dtype)


@stretched_noise.vjp
def _(g: Node, out: Node, noise: Node, std: Operand, mean: Operand) -> Grads:
    nothing = const(0, g.shape, g.dtype)
    return nothing, grad_to(nothing, std), grad_to(nothing, mean)


@composite(torch=False, name="_constant", differentiable=False)
def constant(size: Shape, value: int, dtype: DType) -> Node:
    """0 or 1 everywhere: a constant that the compiler sees."""
    _require_countable(size, dtype)
    return const(value, size, dtype)


@constant.samples
def _(rng: Rng) -> Samples:
    for dtype in (float32, int64, bool_):
        yield ((2, 3), 1, dtype), {}
        yield ((), 0, dtype), {}


constant.bad_inputs(raises((((2**61,), 1, float32), {}, RuntimeError, _OVERFLOWED)))


@composite(torch=False, name="_arange", differentiable=False)
def arange(start: Scalar, step: Scalar, count: int, dtype: DType) -> Node:
    """start + i * step."""
    exact = int64 if not dtype.is_floating_point else dtype
    wide = build.binary
    index = build.iota((count,), 0, int64)
    if exact is int64:
        scaled = wide("mul", index, filled(step, (count,), int64))
        return build.cast(wide("add", scaled, filled(start, (count,), int64)), dtype)
    real = build.cast(index, float64)
    scaled = wide("mul", real, filled(step, (count,), float64))
    return build.cast(wide("add", scaled, filled(start, (count,), float64)), dtype)


@arange.samples
def _(rng: Rng) -> Samples:
    yield (0, 1, 7, int64), {}
    yield (5, -2, 4, int32), {}
    yield (0.5, 0.25, 9, float32), {}
    yield (1.0, 0.1, 11, float64), {}
    yield (-3, 2, 5, float32), {}


@composite(torch=False, name="_linspace", differentiable=False)
def linspace(start: Scalar, end: Scalar, steps: int, dtype: DType) -> Node:
    """``steps`` numbers from start to end; the second half is counted from the end."""
    shape = (steps,)
    if steps == 1:
        return filled(start, shape, dtype)
    kind = dtype if dtype.is_floating_point or dtype.is_complex else float64
    index = build.iota(shape, 0, int64)
    first, last = filled(start, shape, kind), filled(end, shape, kind)
    step = binary("div", binary("sub", last, first), const(max(steps - 1, 1), shape, kind))
    up = build.fma(step, build.cast(index, kind), first)
    rest = build.cast(binary("sub", const(steps - 1, shape, int64), index), kind)
    down = build.fma(unary("neg", step), rest, last)
    low = binary("lt", index, const(steps // 2, shape, int64))
    return build.cast(build.where(low, up, down), dtype)


@linspace.samples
def _(rng: Rng) -> Samples:
    yield (0.0, 1.0, 7, float32), {}
    yield (-2.5, 3.0, 10, float64), {}
    yield (3, 1, 5, int64), {}
    yield (1.0, 2.0, 1, float32), {}
    yield (1.0, 2.0, 0, float32), {}


@composite(torch=False, name="_eye", differentiable=False)
def eye(rows: int, columns: int, dtype: DType) -> Node:
    """1 on the diagonal, else 0."""
    shape = (rows, columns)
    return build.cast(binary("eq", build.iota(shape, 0), build.iota(shape, 1)), dtype)


@eye.samples
def _(rng: Rng) -> Samples:
    yield (3, 4, float32), {}
    yield (4, 2, int64), {}
    yield (0, 2, float64), {}


def _diagonals(x: Node, diagonal: int) -> tuple[Node, Node]:
    if x.ndim < 2:
        raise RuntimeError("tril/triu: input tensor must have at least 2 dimensions")
    rows, columns = build.iota(x.shape, x.ndim - 2), build.iota(x.shape, x.ndim - 1)
    return binary("add", rows, const(diagonal, x.shape, int64)), columns


def _matrices(rng: Rng) -> Samples:
    for diagonal in (0, 1, -2, 9):
        yield (floats(rng, 3, 4), diagonal), {}
        yield (floats(rng, 2, 4, 3),), {"diagonal": diagonal}
    yield (INTEGERS,), {}
    yield (np.full((2, 2), np.inf),), {}
    yield (np.zeros((0, 3)),), {}


@composite(method=True, inplace=True)
def tril(input: Node, diagonal: int = 0) -> Node:
    """The lower triangle up to ``diagonal``, 0 above."""
    limit, column = _diagonals(input, diagonal)
    return build.where(binary("le", column, limit), input, const(0, input.shape, input.dtype))


tril.samples(_matrices)
tril.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "at least 2 dimensions")))


@composite(method=True, inplace=True)
def triu(input: Node, diagonal: int = 0) -> Node:
    """The upper triangle from ``diagonal`` on, 0 below."""
    limit, column = _diagonals(input, diagonal)
    return build.where(binary("le", limit, column), input, const(0, input.shape, input.dtype))


triu.samples(_matrices)
triu.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "at least 2 dimensions")))


@composite(torch=False, functional=True, differentiable=False, name="_one_hot")
def one_hot(tensor: Node, num_classes: int) -> Node:
    """int64 (.., num_classes): 1 where the index along the last axis is the element."""
    shape = (*tensor.shape, num_classes)
    column = build.expand(build.reshape(tensor, (*tensor.shape, 1)), shape)
    return build.cast(binary("eq", build.iota(shape, tensor.ndim), column), int64)


@one_hot.samples
def _(rng: Rng) -> Samples:
    yield (np.array([[0, 2, 1]]), 3), {}
    yield (np.asarray(1), 2), {}
    yield (np.zeros(0, np.int64), 4), {}


def steps_of(start: float, end: float, step: float) -> int:
    """How many numbers ``arange`` yields. Raises RuntimeError as PyTorch does."""
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if all(isinstance(each, int) for each in (start, end, step)):
        return max(0, -((start - end) // step))  # type: ignore[return-value]
    return math.ceil((end - start) / step)
