"""Windows of pooling: sizes of one or all axes, checked; samples of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.conv import per_axis
from rushlight.ops.samples import BadInputs, Rng, Rule, Samples, distinct, floats

Window = int | tuple[int, ...]


def by_axis(sizes: tuple[int, ...]) -> str:
    """``(3x8x8)``, as error messages show the size of one picture."""
    return f"({'x'.join(map(str, sizes))})"


def with_batch(who: str, input: Node, rank: int, *, filled: bool = False) -> tuple[Node, bool]:
    """(input with an axis of samples, whether it had one). ``filled``: nothing else may be 0."""
    if who == "avg_pool2d":
        normalize_dim(-3, input.ndim)  # IndexError, as PyTorch asks for its channels first
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{who}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor, but got "
            f"{list(input.shape)}"
        )
    batched = input.ndim == rank + 2
    if filled and 0 in input.shape[batched:]:
        raise RuntimeError(
            f"{who}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim "
            f"batch size for input, but got:{list(input.shape)}"
        )
    return (input if batched else reshape(input, (1, *input.shape))), batched


def checked_window(
    who: str, x: Node, rank: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
) -> tuple[Any, Any, build.Pairs, Any]:  # fmt: skip
    """(window, stride, padding pairs, dilation); ceil_mode becomes padding at the far end."""
    taps = per_axis(who, "kernel_size", kernel_size, rank)
    empty = stride is None or (isinstance(stride, tuple) and not stride)
    steps = taps if empty else per_axis(who, "stride", stride, rank)
    pads = per_axis(who, "padding", padding, rank)
    gaps = per_axis(who, "dilation", dilation, rank)
    if any(each <= 0 for each in (*taps, *steps, *gaps)):
        raise RuntimeError(f"{who}: kernel size, stride and dilation should be greater than zero")
    pairs = []
    for size, tap, step, pad, gap in zip(x.shape[2:], taps, steps, pads, gaps, strict=True):
        if pad < 0 or pad > ((tap - 1) * gap + 1) // 2:
            raise RuntimeError(
                f"{who}: pad should be at most half of effective kernel size, but got pad={pad}, "
                f"kernel_size={tap} and dilation={gap}"
            )
        reach = (tap - 1) * gap + 1
        room = size + 2 * pad - reach
        count = (-(-room // step) if ceil_mode else room // step) + 1
        if ceil_mode and (count - 1) * step >= size + pad:
            count -= 1  # a window may not start in the padding at the far end
        if count < 1:
            raise RuntimeError(
                f"Given input size: {by_axis(x.shape[1:])}. Calculated output size: "
                f"{by_axis((x.shape[1], *(0 for _ in x.shape[2:])))}. Output size is too small for "
                f"{who} with kernel size {list(taps)}"
            )
        needed = (count - 1) * step + reach
        pairs.append((pad, max(pad, needed - size - pad)))
    return taps, steps, tuple(pairs), gaps


def max_windows(rank: int) -> Rule:
    def rule(rng: Rng) -> Samples:
        plane = (7, 6, 5)[:rank]
        yield (distinct(rng, 2, 3, *plane), 2), {}
        yield (distinct(rng, 2, 3, *plane), 3, 2, 1), {}
        yield (distinct(rng, 2, 3, *plane), 3, 1, 1), {}  # windows overlap
        yield (distinct(rng, 2, 3, *plane), (2,) * rank, 1, 0, 2), {}
        yield (distinct(rng, 2, 3, *plane), 2, 3), {"ceil_mode": True, "padding": 1}
        yield (distinct(rng, 3, *plane), 3), {}
        yield (np.full((1, 1) + (4,) * rank, -np.inf), 2), {}
        ties = np.array([1.0, np.nan, 1.0, 1.0])
        yield (np.broadcast_to(ties, (1, 2) + (4,) * rank).copy(), 2), {}
        yield (distinct(rng, 0, 3, *plane), 2), {}

    return rule


def mean_windows(rank: int) -> Rule:
    def rule(rng: Rng) -> Samples:
        plane = (7, 6, 5)[:rank]
        yield (floats(rng, 2, 3, *plane), 2), {}
        for ceil_mode in (False, True):
            for count in (False, True):
                options = {"ceil_mode": ceil_mode, "count_include_pad": count}
                yield (floats(rng, 2, 3, *plane), 3, 2, 1), options
        yield (floats(rng, 3, *plane), 3, 1), {}
        yield (floats(rng, 0, 3, *plane), 2), {}

    return rule


def adaptive_windows(rank: int) -> Rule:
    def rule(rng: Rng) -> Samples:
        plane = (7, 6, 5)[:rank]
        yield (distinct(rng, 2, 3, *plane), 1), {}
        yield (distinct(rng, 2, 3, *plane), (3, 4, 2)[:rank]), {}
        yield (distinct(rng, 2, 3, *(6, 4, 4)[:rank]), 2), {}
        yield (distinct(rng, 3, *plane), 9), {}  # more bins than elements
        if rank > 1:
            yield (distinct(rng, 2, 3, *plane), (None, 2, 3)[:rank]), {}
        yield (distinct(rng, 0, 3, *plane), 2), {}

    return rule


def bad_windows() -> BadInputs:
    x = np.ones((1, 1, 4, 4))
    yield (x, 2, 0), {}, RuntimeError, "greater than zero"
    yield (x, 2, 1, 2), {}, RuntimeError, "at most half"
    yield (x, 5), {}, RuntimeError, "too small"
    yield (x, (2, 2, 2)), {}, RuntimeError, "kernel_size"
