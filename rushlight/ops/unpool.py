"""The inverse of a maximum pool, and maximum pools with random windows (Graham 2014)."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.pool.largest import place_of_largest
from rushlight.ops.samples import BadInputs, Rng, Samples, distinct, floats
from rushlight.ops.table import composite

Shape = tuple[int, ...]


@composite(torch=False, name="_max_unpool", grad_name="MaxUnpool")
def max_unpool(input: Node, indices: Node, size: Shape) -> Node:
    """(*B, *S') written at ``indices`` of the flattened ``size``, zeros elsewhere: (*B, *size)."""
    lead = input.shape[: input.ndim - len(size)]
    rows, count = math.prod(lead), math.prod(size)
    places = reshape(indices, (rows, indices.size // rows if rows else 0))
    # A negative place would count from the end: it becomes one that is out of range.
    zeros = const(0, places.shape, int64)
    wrong = const(count, places.shape, int64)
    places = build.where(binary("lt", places, zeros), wrong, places)
    values = reshape(input, places.shape)
    empty = const(0, (rows, count), input.dtype)
    return reshape(build.scatter(empty, places, values, 1, "set"), (*lead, *size))


@max_unpool.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 2), np.array([[[0, 3], [1, 2], [5, 4]]] * 2), (6,)), {}
    yield (floats(rng, 1, 2, 1, 2), np.array([[[[3, 6]], [[0, 8]]]]), (3, 3)), {}
    yield (np.zeros((0, 2, 2)), np.zeros((0, 2, 2), np.int64), (4,)), {}


@max_unpool.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((1, 1, 1)), np.array([[[4]]]), (4,)), {}, RuntimeError, "invalid max index: 4"


def _starts(samples: Node, size: int, window: int, count: int) -> Node:
    """(R, count) int64: where the windows of each row begin along an axis; ``samples`` (R,).

    Begin i is floor((i + u) * step) - floor(u * step), the last window ends at the end.
    """
    shape = (samples.size, count)
    u = build.expand(reshape(samples, (samples.size, 1)), shape)
    step = const((size - window) / (count - 1) if count > 1 else 0.0, shape, u.dtype)
    place = build.iota(shape, 1)
    moved = binary("mul", binary("add", build.cast(place, u.dtype), u), step)
    begin = binary("sub", build.cast(moved, int64), build.cast(binary("mul", u, step), int64))
    last = binary("eq", place, const(count - 1, shape, int64))
    return build.where(last, const(size - window, shape, int64), begin)


@composite(torch=False, name="_fractional_max_pool", grad_name="FractionalMaxPool")
def fractional_max_pool(
    input: Node, window: Shape, size: Shape, samples: list[Node]
) -> tuple[Node, Node]:
    """(N, C, *S) -> the largest of windows at places drawn by ``samples``, and their places.

    ``samples``: (N, C) numbers in [0, 1) for each axis.
    """
    rank = len(window)
    rows = input.shape[0] * input.shape[1]
    spatial = input.shape[2:]
    grid = (rows, *size, *window)
    places: Node | None = None
    for axis, (extent, wide, bins) in enumerate(zip(spatial, window, size, strict=True)):
        starts = _starts(samples[axis], extent, wide, bins)
        spread = tuple(bins if k == axis else 1 for k in range(2 * rank))
        begin = build.expand(reshape(starts, (rows, *spread)), grid)
        here = binary("add", begin, build.iota(grid, 1 + rank + axis))
        scaled = here if places is None else binary(
            "add", binary("mul", places, const(extent, grid, int64)), here
        )  # fmt: skip
        places = scaled
    assert places is not None
    taps, count = math.prod(window), math.prod(size)
    flat = reshape(input, (rows, math.prod(spatial)))
    values = build.gather(flat, reshape(places, (rows, count * taps)), 1)
    windows = reshape(values, (rows, count, taps))
    order = reshape(places, (rows, count, taps))
    best = place_of_largest(windows)
    shape = (*input.shape[:2], *size)
    return (
        reshape(build.gather(windows, best, 2), shape),
        reshape(build.gather(order, best, 2), shape),
    )


@fractional_max_pool.samples
def _(rng: Rng) -> Samples:
    draws = [rng.uniform(0, 1, (2, 3)).astype(np.float32) for _ in range(3)]
    yield (distinct(rng, 2, 3, 7, 6), (2, 3), (3, 2), draws[:2]), {}
    yield (distinct(rng, 2, 3, 4, 5, 6), (2, 2, 2), (3, 1, 4), draws), {}
