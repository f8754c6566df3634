"""Adaptive maximum pools with the places of the maxima: bins of any size, by index arithmetic."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.pool.adaptive_pool import require_elements
from rushlight.ops.pool.largest import place_of_largest
from rushlight.ops.table import composite


def _bin_places(size: int, count: int) -> Node:
    """(count, longest) int64: the places in each bin; a shorter bin repeats its last."""
    longest = max(-(-(i + 1) * size // count) - i * size // count for i in range(count))
    shape = (count, longest)
    row = build.iota(shape, 0)

    def scaled(x: Node, value: int) -> Node:
        return binary("mul", x, const(value, shape, int64))

    start = binary("floordiv", scaled(row, size), const(count, shape, int64))
    # ceil((i + 1) * size / count) - 1
    reach = binary("add", scaled(row, size), const(size - 1, shape, int64))
    last = binary("floordiv", reach, const(count, shape, int64))
    return binary("minimum", binary("add", start, build.iota(shape, 1)), last)


def _pool(rank: int, input: Node, output_size: Any) -> tuple[Node, Node]:
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"adaptive_max_pool{rank}d(): Expected {rank + 1}D or {rank + 2}D tensor, but got: "
            f"{list(input.shape)}"
        )
    require_elements(f"adaptive_max_pool{rank}d", input, rank, "max")
    lead, sizes = input.shape[:-rank], input.shape[-rank:]
    given = (output_size,) * rank if output_size is None or isinstance(output_size, int) else (
        tuple(output_size)
    )  # fmt: skip
    counts = tuple(n if c is None else c for n, c in zip(sizes, given, strict=True))
    x = reshape(input, (_product(lead), *sizes))
    flat = reshape(build.iota((_product(sizes),), 0), sizes)
    windows, order = x, reshape(flat, (1, *sizes))
    for k, (size, count) in enumerate(zip(sizes, counts, strict=True)):
        # Each axis becomes (bins, in bin).
        places = _bin_places(size, count)
        windows = build.take(windows, places, 1 + 2 * k)
        order = build.take(order, places, 1 + 2 * k)
    axes = (0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2))
    windows, order = build.permute(windows, axes), build.permute(order, axes)
    inside = _product(windows.shape[1 + rank :])
    rows = (windows.shape[0], *counts, inside)
    windows = reshape(windows, rows)
    order = build.expand(reshape(order, (1, *counts, inside)), rows)
    best = place_of_largest(windows)
    values = build.gather(windows, best, rank + 1)
    places = build.gather(order, best, rank + 1)
    shape = (*lead, *counts)
    return reshape(values, shape), reshape(places, shape)


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _with_indices(rank: int) -> Any:
    def body(input: Node, output_size: Any) -> tuple[Node, Node]:
        return _pool(rank, input, output_size)

    body.__doc__ = "(the largest of each bin, its place in the flattened plane as int64)."
    return composite(
        body, name=f"adaptive_max_pool{rank}d_with_indices", torch=False, functional=True,
        grad_name=f"AdaptiveMaxPool{rank}D",
    )  # fmt: skip


adaptive_max_pool1d_with_indices = _with_indices(1)
adaptive_max_pool2d_with_indices = _with_indices(2)
adaptive_max_pool3d_with_indices = _with_indices(3)
