"""Pooling: maxima and means over windows, of given or adaptive size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.conv import per_axis, to_first, to_last
from rushlight.ops.samples import BadInputs, Rng, Rule, Samples, distinct, floats
from rushlight.ops.table import composite

Window = int | tuple[int, ...]


def _by(sizes: tuple[int, ...]) -> str:
    """``(3x8x8)``, as error messages show the size of one picture."""
    return f"({'x'.join(map(str, sizes))})"


def _batched(who: str, input: Node, rank: int) -> tuple[Node, bool]:
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"{who}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor, but got "
            f"{list(input.shape)}"
        )
    batched = input.ndim == rank + 2
    return (input if batched else reshape(input, (1, *input.shape))), batched


def _window(
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
                f"Given input size: {_by(x.shape[1:])}. Calculated output size: "
                f"{_by((x.shape[1], *(0 for _ in x.shape[2:])))}. Output size is too small for "
                f"{who} with kernel size {list(taps)}"
            )
        needed = (count - 1) * step + reach
        pairs.append((pad, max(pad, needed - size - pad)))
    return taps, steps, tuple(pairs), gaps


def _max_windows(rank: int) -> Rule:
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


def _mean_windows(rank: int) -> Rule:
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


def _adaptive_windows(rank: int) -> Rule:
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


def _bad_windows(rng: Rng) -> BadInputs:
    x = np.ones((1, 1, 4, 4))
    yield (x, 2, 0), {}, RuntimeError, "greater than zero"
    yield (x, 2, 1, 2), {}, RuntimeError, "at most half"
    yield (x, 5), {}, RuntimeError, "too small"
    yield (x, (2, 2, 2)), {}, RuntimeError, "kernel_size"


def _max_pool(
    rank: int, input: Node, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, with_places: bool,
) -> Any:  # fmt: skip
    x, batched = _batched(f"max_pool{rank}d", input, rank)
    window = _window(f"max_pool{rank}d", x, rank, kernel_size, stride, padding, dilation, ceil_mode)
    last = to_last(x)
    parts = [build.pool(last, "max", *window)]
    if with_places:
        parts.append(build.pool(last, "argmax", *window))
    outs = [to_first(part) for part in parts]
    if not batched:
        outs = [reshape(out, out.shape[1:]) for out in outs]
    return tuple(outs) if with_places else outs[0]


@composite(torch=True, functional=True, name="_max_pool1d", grad_name="MaxPool2DWithIndices")
def max_pool1d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last axis."""
    out: Node = _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool1d.samples(_max_windows(1))


@composite(torch=True, functional=True, name="_max_pool2d", grad_name="MaxPool2DWithIndices")
def max_pool2d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last two axes; nan wins."""
    out: Node = _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool2d.samples(_max_windows(2))


@max_pool2d.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from _bad_windows(rng)
    yield (np.ones((4, 4)), 2), {}, RuntimeError, "Expected 3D or 4D"


@composite(torch=True, functional=True, name="_max_pool3d", grad_name="MaxPool3DWithIndices")
def max_pool3d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    dilation: Window = 1, ceil_mode: bool = False,
) -> Node:  # fmt: skip
    """The largest in each window of the last three axes."""
    out: Node = _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, False)
    return out


max_pool3d.samples(_max_windows(3))


def _with_indices(rank: int) -> Any:
    def body(
        input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
        dilation: Window = 1, ceil_mode: bool = False,
    ) -> Any:  # fmt: skip
        return _max_pool(rank, input, kernel_size, stride, padding, dilation, ceil_mode, True)

    body.__doc__ = "(the largest in each window, its place in the flattened plane as int64)."
    name = f"max_pool{rank}d_with_indices"
    return composite(body, name=name, functional=True, grad_name=f"MaxPool{rank}DWithIndices")


max_pool1d_with_indices = _with_indices(1)

max_pool1d_with_indices.samples(_max_windows(1))
max_pool2d_with_indices = _with_indices(2)

max_pool2d_with_indices.samples(_max_windows(2))
max_pool3d_with_indices = _with_indices(3)

max_pool3d_with_indices.samples(_max_windows(3))


def _avg_pool(
    rank: int, input: Node, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Node:  # fmt: skip
    who = f"avg_pool{rank}d"
    x, batched = _batched(who, input, rank)
    window = _window(who, x, rank, kernel_size, stride, padding, 1, ceil_mode)
    taps, steps, pairs, _ = window
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    total = build.pool(to_last(x), "sum", *window)
    pads = per_axis(who, "padding", padding, rank)
    if (divisor_override is None and not (count_include_pad or not any(pads))) or any(
        hi > pad for (_, hi), pad in zip(pairs, pads, strict=True)
    ):
        out = binary("div", total, _counts(x, total, taps, steps, pads, count_include_pad))
        if divisor_override is not None:
            out = binary("div", total, const(divisor_override, total.shape, total.dtype))
    else:
        divisor = math.prod(taps) if divisor_override is None else divisor_override
        out = binary("div", total, const(divisor, total.shape, total.dtype))
    out = to_first(out)
    return out if batched else reshape(out, out.shape[1:])


def _counts(x: Node, total: Node, taps: Any, steps: Any, pads: Any, include_pad: bool) -> Node:
    """How many elements each window averages over: the padding counts only if included, what
    ceil_mode adds beyond it never. A product of one factor per axis, computed from indices."""
    out: Node | None = None
    shape, dtype = total.shape, total.dtype
    for axis, (size, tap, step, pad) in enumerate(zip(x.shape[2:], taps, steps, pads, strict=True)):
        place = build.iota(shape, axis + 1)
        start = binary("mul", place, const(step, shape, place.dtype))
        low = const(0 if include_pad else pad, shape, place.dtype)
        high = const(size + 2 * pad if include_pad else size + pad, shape, place.dtype)
        end = binary("minimum", binary("add", start, const(tap, shape, place.dtype)), high)
        count = build.cast(binary("sub", end, binary("maximum", start, low)), dtype)
        out = count if out is None else binary("mul", out, count)
    assert out is not None
    return out


@composite(functional=True, grad_name="AvgPool2D")
def avg_pool1d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Node:  # fmt: skip
    """The mean of each window of the last axis."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


avg_pool1d.samples(_mean_windows(1))


@composite(torch=False, functional=True, grad_name="AvgPool2D")
def avg_pool2d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Node:  # fmt: skip
    """The mean of each window of the last two axes."""
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@avg_pool2d.samples
def _(rng: Rng) -> Samples:
    yield from _mean_windows(2)(rng)
    for ceil_mode in (False, True):
        yield (
            (floats(rng, 2, 3, 7, 6), 3, 2, 1),
            {"ceil_mode": ceil_mode, "count_include_pad": False, "divisor_override": 5},
        )


@avg_pool2d.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from _bad_windows(rng)
    yield (
        (np.ones((1, 1, 4, 4)), 2),
        {"divisor_override": 0},
        RuntimeError,
        "divisor must be not zero",
    )


@composite(torch=False, functional=True, grad_name="AvgPool3D")
def avg_pool3d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Node:  # fmt: skip
    """The mean of each window of the last three axes."""
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


avg_pool3d.samples(_mean_windows(3))


def _bins(size: int, count: int) -> list[tuple[int, int]]:
    """Adaptive bin i covers floor(i * size / count) .. ceil((i + 1) * size / count)."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _targets(who: str, x: Node, rank: int, output_size: Any) -> tuple[int, ...]:
    given = (output_size,) * rank if output_size is None or isinstance(output_size, int) else (
        tuple(output_size)
    )  # fmt: skip
    if len(given) != rank:
        raise RuntimeError(f"{who}: output_size must have {rank} values, got {list(given)}")
    return tuple(
        size if wanted is None else wanted for wanted, size in zip(given, x.shape[2:], strict=True)
    )


def _adaptive(who: str, rank: int, input: Node, output_size: Any, kind: str) -> Any:
    """Axis by axis: the mean of means (or the largest of largest) over a grid is separable."""
    x, batched = _batched(who, input, rank)
    targets = _targets(who, x, rank, output_size)
    regular = all(
        count and size % count == 0 for size, count in zip(x.shape[2:], targets, strict=True)
    )
    last = to_last(x)
    if regular:
        taps = tuple(size // count for size, count in zip(x.shape[2:], targets, strict=True))
        window = (taps, taps, ((0, 0),) * rank, (1,) * rank)
        out = build.pool(last, kind, *window)
        if kind == "sum":
            out = binary("div", out, const(math.prod(taps), out.shape, out.dtype))
    else:
        out = last
        for axis, count in enumerate(targets):
            place = axis + 1
            parts = []
            for start, stop in _bins(out.shape[place], count):
                begin = tuple(start if k == place else 0 for k in range(out.ndim))
                shape = tuple(stop - start if k == place else n for k, n in enumerate(out.shape))
                cut = build.slice(out, begin, shape, (1,) * out.ndim)
                reduced = build.reduce(cut, kind, (place,))
                if kind == "sum":
                    reduced = binary(
                        "div", reduced, const(stop - start, reduced.shape, reduced.dtype)
                    )
                kept = tuple(1 if k == place else n for k, n in enumerate(shape))
                parts.append(reshape(reduced, kept))
            if parts:
                out = build.cat(parts, place)
            else:
                empty = tuple(0 if k == place else n for k, n in enumerate(out.shape))
                out = const(0, empty, out.dtype)
    out = to_first(out)
    return out if batched else reshape(out, out.shape[1:])


def _adaptive_op(rank: int, kind: str) -> Any:
    word = "avg" if kind == "sum" else "max"
    name = f"adaptive_{word}_pool{rank}d"

    def body(input: Node, output_size: Any) -> Node:
        out: Node = _adaptive(name, rank, input, output_size, kind)
        return out

    body.__doc__ = (
        f"The {'mean' if kind == 'sum' else 'largest'} of each of output_size bins an axis; None "
        "keeps an axis as it is."
    )
    plain = name if kind == "sum" else f"_{name}"
    return composite(
        body, name=plain, torch=rank == 1, functional=True,
        grad_name=f"Adaptive{word.capitalize()}Pool{rank}D",
    )  # fmt: skip


adaptive_avg_pool1d = _adaptive_op(1, "sum")

adaptive_avg_pool1d.samples(_adaptive_windows(1))
adaptive_avg_pool2d = _adaptive_op(2, "sum")

adaptive_avg_pool2d.samples(_adaptive_windows(2))
adaptive_avg_pool3d = _adaptive_op(3, "sum")

adaptive_avg_pool3d.samples(_adaptive_windows(3))
adaptive_max_pool1d = _adaptive_op(1, "max")

adaptive_max_pool1d.samples(_adaptive_windows(1))
adaptive_max_pool2d = _adaptive_op(2, "max")

adaptive_max_pool2d.samples(_adaptive_windows(2))
adaptive_max_pool3d = _adaptive_op(3, "max")

adaptive_max_pool3d.samples(_adaptive_windows(3))
