"""Sampling of images at places that a grid says: ``grid_sample`` (Jaderberg et al. 2015).

``input`` is (N, C, *S) with two or three spatial axes, ``grid`` (N, *S', rank) in [-1, 1], its last
axis counting the axes of S from the last to the first.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from rushlight.base.dtype import bool_, float32, int32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.corners import sampled
from rushlight.ops.create import linspace
from rushlight.ops.cubic import cubic_weights
from rushlight.ops.formula import fused, increased, like, one_minus, scaled, times
from rushlight.ops.grid_halves import half_linear, half_read, weight_of
from rushlight.ops.promote import compute_dtype
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite


def _below(x: Node, value: float) -> Node:
    return binary("lt", x, const(value, x.shape, x.dtype))


def _above(x: Node, value: float) -> Node:
    return binary("lt", const(value, x.shape, x.dtype), x)


def _place(coordinate: Node, size: int, align_corners: bool) -> Node:
    """From [-1, 1] to element places; -1 and 1 are the outer elements' middles or their edges."""
    if align_corners:
        return scaled(increased(coordinate, 1), (size - 1) / 2)
    wide = fused(increased(coordinate, 1), like(coordinate, size), like(coordinate, -1))
    return scaled(wide, 0.5)


def _clip(x: Node, size: int) -> Node:
    """Held in [0, size - 1]; there is no slope at the limits themselves."""
    x = build.where(_above(x, 0), x, const(0, x.shape, x.dtype))
    return build.where(_below(x, size - 1), x, const(size - 1, x.shape, x.dtype))


def _reflect(x: Node, low: float, span: float) -> Node:
    """Mirrored at ``low`` and ``low + span`` as often as needed."""
    if span <= 0:
        return const(0, x.shape, x.dtype)
    x = increased(x, -low)
    x = build.where(_below(x, 0), unary("neg", x), x)
    spans = unary("floor", scaled(x, 1 / span))
    rest = build.fma(spans, const(-span, x.shape, x.dtype), x)
    odd = binary("sub", spans, scaled(unary("floor", scaled(spans, 0.5)), 2))
    back = binary("sub", const(span, x.shape, x.dtype), rest)
    return increased(build.where(_above(odd, 0.5), back, rest), low)


def _padded(x: Node, size: int, padding_mode: str, align_corners: bool) -> Node:
    if padding_mode == "border":
        return _clip(x, size)
    if padding_mode == "reflection":
        x = _reflect(x, 0, size - 1) if align_corners else _reflect(x, -0.5, size)
        return _clip(x, size)
    return x


def _index(places: list[Node], sizes: tuple[int, ...]) -> Node:
    """Whole ``places`` (N, P) of each axis as one of a row of elements; -1 where it is outside."""
    kind = int32 if math.prod(sizes) < 2**31 else int64
    inside: Node | None = None
    index: Node | None = None
    for place, size in zip(places, sizes, strict=True):
        place = build.cast(place, compute_dtype(place.dtype))
        whole = binary("and", _above(place, -0.5), _below(place, size - 0.5))
        safe = build.cast(build.where(whole, place, const(0, place.shape, place.dtype)), kind)
        inside = whole if inside is None else binary("and", inside, whole)
        index = safe if index is None else binary("add", scaled(index, size), safe)
    assert index is not None and inside is not None
    return build.where(inside, index, const(-1, index.shape, kind))


def _weighted_sum(values: list[Node], weights: list[Node]) -> Node:
    """Values (N, C, P) times weights (N, P): the first product is rounded, the others add on before
    they are. So does PyTorch's; flat regions of an image stay as flat.
    """
    total: Node | None = None
    for value, weight in zip(values, weights, strict=True):
        n, points = weight.shape
        wide = build.expand(reshape(weight, (n, 1, points)), value.shape)
        total = times(value, wide) if total is None else fused(value, wide, total)
    assert total is not None
    return total


def _sampled(flat: Node, places: list[Node], weights: list[Node]) -> Node:
    """``sampled``; of halves each product and sum is rounded, as PyTorch's are."""
    if compute_dtype(flat.dtype) is flat.dtype:
        return sampled(flat, places, weights)
    return _weighted_sum([half_read(flat, place) for place in places], weights)


def _linear(flat: Node, places: list[Node], sizes: tuple[int, ...]) -> Node:
    if compute_dtype(flat.dtype) is not flat.dtype:
        return half_linear(flat, places, sizes, _index)
    below = [unary("floor", place) for place in places]
    share = [binary("sub", place, low) for place, low in zip(places, below, strict=True)]
    shares = [(one_minus(each), each) for each in share]
    corners, weights = [], []
    for corner in itertools.product((0, 1), repeat=len(sizes)):
        at = [increased(low, side) for low, side in zip(below, corner, strict=True)]
        corners.append(_index(at, sizes))
        weights.append(weight_of(corner, shares))
    return _sampled(flat, corners, weights)


def _cubic(
    flat: Node, places: list[Node], sizes: tuple[int, ...], padding_mode: str, align_corners: bool
) -> Node:
    below = [unary("floor", place) for place in places]
    weights = [
        cubic_weights(binary("sub", place, low)) for place, low in zip(places, below, strict=True)
    ]
    rows = []
    for i in range(4):
        taps = []
        for j in range(4):
            at = [
                _padded(increased(low, step - 1), size, padding_mode, align_corners)
                for low, step, size in zip(below, (i, j), sizes, strict=True)
            ]
            taps.append(_index(at, sizes))
        rows.append(_sampled(flat, taps, weights[1]))
    return _weighted_sum(rows, weights[0])


def _without_slope(place: Node, like: Node) -> Node:
    """Zeros that depend on ``place``: the nearest element has a gradient, which is zero."""
    shape = place.shape
    never = const(False, shape, bool_)
    zeros = build.where(never, place, const(0, shape, place.dtype))
    return build.expand(reshape(zeros, (shape[0], 1, shape[1])), like.shape)


def _check(input: Node, grid: Node, mode: str) -> None:
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            "grid_sampler(): expected input and grid to have same dtype, but input has "
            f"{input.dtype.name} and grid has {grid.dtype.name}"
        )
    if input.shape[:1] != grid.shape[:1]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but "
            f"got grid with sizes {list(grid.shape)}"
        )
    if input.ndim not in (4, 5) or grid.ndim != input.ndim:
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    for axis, size in enumerate(input.shape[2:], start=2):
        if size == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                f"has sizes {list(input.shape)} with dimension {axis} being empty"
            )
    if mode == "bicubic" and input.ndim != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


@composite(torch=False, name="_grid_sample", grad_name="GridSampler")
def grid_sample(input: Node, grid: Node, mode: str, padding_mode: str, align_corners: bool) -> Node:
    """(N, C, *S) at the places of ``grid`` (N, *S', rank): (N, C, *S')."""
    _check(input, grid, mode)
    rank = input.ndim - 2
    sizes, out = input.shape[2:], grid.shape[1:-1]
    n, channels = input.shape[:2]
    points = math.prod(out)
    flat = reshape(input, (n, channels, math.prod(sizes)))
    rows = reshape(grid, (n, points, rank))
    places = []
    for axis, size in enumerate(sizes):
        column = build.slice(rows, (0, 0, rank - 1 - axis), (n, points, 1), (1, 1, 1))
        place = _place(reshape(column, (n, points)), size, align_corners)
        if mode != "bicubic":
            place = _padded(place, size, padding_mode, align_corners)
        places.append(place)
    if mode == "nearest":
        whole = _index([unary("round", place) for place in places], sizes)
        result = _sampled(flat, [whole], [const(1, whole.shape, flat.dtype)])
        for place in places:
            result = binary("add", result, _without_slope(place, result))
    elif mode == "bilinear":
        result = _linear(flat, places, sizes)
    else:
        result = _cubic(flat, places, sizes, padding_mode, align_corners)
    return reshape(result, (n, channels, *out))


@grid_sample.samples
def _(rng: Rng) -> Samples:
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding_mode in ("zeros", "border", "reflection"):
            x, grid = floats(rng, 2, 3, 4, 5), floats(rng, 2, 3, 2, 2, low=-1.9, high=1.9)
            yield (x, grid, mode, padding_mode, False), {}
            yield (x, grid, mode, padding_mode, True), {}
    x, grid = floats(rng, 1, 2, 3, 4, 2), floats(rng, 1, 2, 3, 2, 3, low=-1.5, high=1.5)
    yield (x, grid, "bilinear", "reflection", False), {}
    yield (x, grid, "nearest", "zeros", True), {}


@grid_sample.bad_inputs
def _(rng: Rng) -> BadInputs:
    x, grid = np.ones((1, 1, 2, 2)), np.ones((1, 2, 2, 2))
    options = ("bilinear", "zeros", False)
    yield (x, np.ones((2, 2, 2, 2)), *options), {}, RuntimeError, "same batch size"
    yield (x, np.ones((1, 2, 2, 3)), *options), {}, RuntimeError, "size 2 in last"
    yield (np.ones((1, 1, 0, 2)), grid, *options), {}, RuntimeError, "non-empty"
    yield (x, grid.astype(np.float32), *options), {}, RuntimeError, "same dtype"


def _steps(size: int, dtype: DType, align_corners: bool) -> Node:
    """``size`` places from -1 to 1: middles of cells, or from corner to corner."""
    if size == 1:
        return const(0, (1,), dtype)
    # In PyTorch's order, bit for bit: the identity map puts places on the border of two elements,
    # and the gradient of a sampled image jumps there.
    places: Node = linspace.body(-1.0, 1.0, size, dtype)
    if align_corners:
        return places
    return binary("div", scaled(places, size - 1), const(size, (size,), dtype))


@composite(torch=False, name="_affine_grid", grad_name="AffineGridGenerator")
def affine_grid(theta: Node, size: tuple[int, ...], align_corners: bool) -> Node:
    """theta (N, rank, rank + 1) applied to the homogeneous places of an image: (N, *S, rank)."""
    n, rank = theta.shape[:2]
    spatial = size[2:]
    columns = []
    for axis in range(rank - 1, -1, -1):
        steps = _steps(spatial[axis], theta.dtype, align_corners)
        shape = tuple(steps.size if k == axis else 1 for k in range(rank))
        spread = build.expand(reshape(steps, shape), spatial)
        columns.append(reshape(spread, (math.prod(spatial), 1)))
    if theta.dtype == float32:
        return reshape(_placed(columns, theta), (n, *spatial, rank))
    columns.append(const(1, (math.prod(spatial), 1), theta.dtype))
    places = build.cat(columns, 1)
    batch = build.expand(reshape(places, (1, *places.shape)), (n, *places.shape))
    grid = build.dot(batch, build.permute(theta, (0, 2, 1)))
    return reshape(grid, (n, *spatial, rank))


def _placed(columns: list[Node], theta: Node) -> Node:
    """theta (N, rank, rank + 1) applied to places, a column (P, 1) an axis: (N, P, rank).

    Each product is rounded before it is added, as PyTorch's does: near the identity map the last
    bit says between which elements a place lies, and so the gradient of a sampled image.
    """
    n, rank = theta.shape[:2]
    shape = (n, columns[0].shape[0], rank)
    terms = []
    for axis, column in enumerate((*columns, None)):
        part = build.slice(theta, (0, 0, axis), (n, rank, 1), (1, 1, 1))
        row = reshape(part, (n, 1, rank))
        factor = build.expand(row, shape)
        if column is not None:
            place = build.expand(reshape(column, (1, shape[1], 1)), shape)
            factor = times(place, factor)
        terms.append(factor)
    return functools.reduce(lambda total, term: binary("add", total, term), terms)


@affine_grid.samples
def _(rng: Rng) -> Samples:
    for align_corners in (False, True):
        yield (floats(rng, 2, 2, 3), (2, 1, 3, 4), align_corners), {}
        yield (floats(rng, 1, 3, 4), (1, 5, 2, 3, 1), align_corners), {}
