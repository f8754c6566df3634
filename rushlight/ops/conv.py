"""Convolutions. The primitives are channels-last; here axes are PyTorch's (N, C, *spatial)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.errors import ShapeError
from rushlight.ir import build
from rushlight.ir.build import permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops import conv_whole
from rushlight.ops.conv_halves import follows, half_conv
from rushlight.ops.legacy_names import c_name, legacy_name
from rushlight.ops.promote import compute_dtype
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite

Window = int | tuple[int, ...]


def to_last(x: Node) -> Node:
    """(N, C, *S) -> (N, *S, C)."""
    return permute(x, (0, *range(2, x.ndim), 1))


def to_first(x: Node) -> Node:
    """(N, *S, C) -> (N, C, *S)."""
    return permute(x, (0, x.ndim - 1, *range(1, x.ndim - 1)))


def per_axis(who: str, name: str, value: Any, rank: int) -> tuple[int, ...]:
    """An int or a tuple as one int per spatial axis."""
    sizes = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        sizes *= rank
    if len(sizes) != rank:
        raise RuntimeError(
            f"{who}: expected {name} to be a single integer value or a list of {rank} values, but "
            f"got {name}={list(sizes)}"
        )
    return sizes


def _padding(
    who: str, padding: Any, rank: int, taps: tuple[int, ...], stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> build.Pairs:  # fmt: skip
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * rank
        if padding != "same":
            raise RuntimeError(
                f"{who}: padding must be 'valid', 'same' or numbers, got {padding!r}"
            )
        if any(each != 1 for each in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        totals = [gap * (tap - 1) for gap, tap in zip(dilation, taps, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    sizes = per_axis(who, "padding", padding, rank)
    if any(each < 0 for each in sizes):
        raise RuntimeError("negative padding is not supported")
    return tuple((each, each) for each in sizes)


def require_fitting(who: str, x: Node, w: Node, bias: Node | None, rank: int, groups: int) -> None:
    if bias is not None and bias.dtype is not x.dtype:
        raise RuntimeError(
            f"Input type ({c_name(x.dtype)}) and bias type ({c_name(bias.dtype)}) should be the "
            f"same: {who} computes in one dtype, convert the input or the layer with .to(dtype)"
        )
    if w.dtype is not x.dtype:
        raise RuntimeError(
            f"expected scalar type {legacy_name(x.dtype)} but found {legacy_name(w.dtype)}: {who} "
            "needs input and weight of the same dtype, convert one with .to(dtype)"
        )
    if w.ndim != rank + 2:
        raise RuntimeError(
            f"{who}: expected weight to be {rank + 2}-D (out, in/groups, *kernel), got "
            f"{list(w.shape)}"
        )
    if x.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {who}, but got "
            f"input of size: {list(x.shape)}"
        )
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if w.shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but "
            f"got weight of size {list(w.shape)} instead"
        )


def _sized(who: str, x: Node, w: Node, stride: Any, padding: Any, dilation: Any) -> None:
    for name, values in (("stride", stride), ("dilation", dilation)):
        if any(each <= 0 for each in values):
            raise RuntimeError(f"non-positive {name} is not supported")
    room = [s + lo + hi for s, (lo, hi) in zip(x.shape[2:], padding, strict=True)]
    reach = [(t - 1) * d + 1 for t, d in zip(w.shape[2:], dilation, strict=True)]
    if any(a < b for a, b in zip(room, reach, strict=True)):
        raise ShapeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, room))}). Kernel "
            f"size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual "
            "input size"
        )


def require_elements(x: Node) -> None:
    """Raise RuntimeError for an image of no size: no samples or no channels are another matter."""
    if 0 in x.shape[2:] and 0 not in x.shape[:2]:
        shown = [*x.shape[:2], *([1] if x.ndim == 3 else []), *x.shape[2:]]
        raise RuntimeError(
            f"Only zero batch or zero channel inputs are supported, but got input shape: {shown}"
        )


def with_bias(out: Node, bias: Node | None) -> Node:
    # channels-last: the bias lies along the last axis
    if bias is None:
        return out
    if bias.shape != (out.shape[-1],):
        raise ShapeError(
            f"expected bias to be 1-dimensional with {out.shape[-1]} elements, but got bias of "
            f"size {list(bias.shape)} instead"
        )
    return build.binary("add", out, build.broadcast(bias, out.shape))


def _conv(
    rank: int, input: Node, weight: Node, bias: Node | None, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Node:  # fmt: skip
    who = f"conv{rank}d"
    require_fitting(who, input, weight, bias, rank, groups)
    batched = input.ndim == rank + 2
    x = input if batched else reshape(input, (1, *input.shape))
    if x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input"
            f"{list(input.shape)} to have {weight.shape[1] * groups} channels, but got "
            f"{x.shape[1]} channels instead"
        )
    if weight.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size {list(weight.shape)} instead"
        )
    strides = per_axis(who, "stride", stride, rank)
    gaps = per_axis(who, "dilation", dilation, rank)
    pads = _padding(who, padding, rank, weight.shape[2:], strides, gaps)
    _sized(who, x, weight, strides, pads, gaps)
    require_elements(x)
    # Half precision is rounded once, after the bias; in gradients after the sum of planes, too.
    dtype = input.dtype
    wide = dtype if bias is None and rank < 3 else compute_dtype(dtype)
    if follows(x, weight):
        made = build.cast(half_conv(to_last(x), weight, strides, pads, gaps, groups), wide)
    else:
        x, weight = build.cast(x, wide), build.cast(weight, wide)
        made = conv_whole.conv(to_last(x), weight, strides, pads, gaps, groups)
    made = with_bias(made, None if bias is None else build.cast(bias, wide))
    out = to_first(build.cast(made, dtype))
    return out if batched else reshape(out, out.shape[1:])


def _bad_conv(rank: int) -> Any:
    def rule(rng: Rng) -> BadInputs:
        x, w = np.ones((1, 4) + (5,) * rank), np.ones((2, 4) + (3,) * rank)
        yield (x[:, :3], w), {}, RuntimeError, "channels"
        yield (x[0, 0], w), {}, RuntimeError, "Expected .*D"
        yield (x, w, np.ones(3)), {}, RuntimeError, "bias"
        yield (x, w), {"stride": 0}, RuntimeError, "non-positive stride"
        yield (x, w), {"dilation": 3}, RuntimeError, "greater than actual input size"
        yield (x, w), {"padding": -1}, RuntimeError, "negative padding"
        yield (x, w), {"padding": "same", "stride": 2}, RuntimeError, "strided"
        yield (x, w), {"groups": 0}, RuntimeError, "non-positive groups"
        yield (x, np.ones((3, 2) + (3,) * rank)), {"groups": 2}, RuntimeError, "divisible"
        yield (x, w.astype(np.float32)), {}, RuntimeError, "same dtype"

    return rule


@composite(functional=True, grad_name="Convolution")
def conv1d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1,
    padding: Window | str = 0, dilation: Window = 1, groups: int = 1,
) -> Node:  # fmt: skip
    """(N, C, L) x (K, C/groups, R) -> (N, K, L'): cross-correlation over one axis."""
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


@conv1d.samples
def _(rng: Rng) -> Samples:
    x, w, b = floats(rng, 2, 4, 9), floats(rng, 6, 4, 3), floats(rng, 6)
    yield (x, w, b), {}
    yield (x, w, b), {"stride": 2, "padding": 1, "dilation": 2}
    yield (x, floats(rng, 6, 2, 3), None), {"groups": 2, "padding": (1,)}
    yield (x, floats(rng, 6, 4, 4), b), {"padding": "same"}
    yield (x, w, b), {"padding": "same", "dilation": 3}
    yield (floats(rng, 4, 9), w, b), {"padding": "valid"}
    yield (x, floats(rng, 6, 4, 9), b), {"stride": 2}  # the kernel covers all of it
    yield (floats(rng, 0, 4, 9), w, b), {}


conv1d.bad_inputs(_bad_conv(1))


@composite(functional=True, grad_name="Convolution")
def conv2d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1,
    padding: Window | str = 0, dilation: Window = 1, groups: int = 1,
) -> Node:  # fmt: skip
    """(N, C, H, W) x (K, C/groups, R, S) -> (N, K, H', W'): cross-correlation over two axes.

    H' = (H + 2 * padding - dilation * (R - 1) - 1) // stride + 1, and W' alike. ``padding`` may be
    "valid" or "same". Without N the result has none either.
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


@conv2d.samples
def _(rng: Rng) -> Samples:
    x, w, b = floats(rng, 2, 4, 7, 6), floats(rng, 6, 4, 3, 2), floats(rng, 6)
    yield (x, w, b), {}
    yield (x, w, b), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
    yield (x, floats(rng, 6, 2, 3, 3)), {"groups": 2, "padding": 1, "stride": 2}
    yield (x, floats(rng, 8, 1, 3, 3)), {"groups": 4, "padding": 1}
    yield (x, floats(rng, 6, 4, 1, 1), b), {}
    yield (x, floats(rng, 6, 4, 4, 3), b), {"padding": "same"}
    yield (floats(rng, 4, 7, 6), w, b), {"padding": "valid"}
    yield (floats(rng, 0, 4, 7, 6), w, b), {}
    # The kernel covers both axes, one of them, one beside a padded one.
    yield (x, floats(rng, 6, 4, 7, 6), b), {}
    yield (x, floats(rng, 6, 4, 3, 6), b), {"stride": (2, 1), "dilation": (2, 1)}
    yield (x, floats(rng, 6, 4, 7, 3)), {"padding": (0, 1)}
    yield (x, floats(rng, 6, 2, 7, 6)), {"groups": 2}


conv2d.bad_inputs(_bad_conv(2))


@composite(functional=True, grad_name="Convolution")
def conv3d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1,
    padding: Window | str = 0, dilation: Window = 1, groups: int = 1,
) -> Node:  # fmt: skip
    """(N, C, D, H, W) x (K, C/groups, T, R, S) -> (N, K, D', H', W')."""
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


@conv3d.samples
def _(rng: Rng) -> Samples:
    x = floats(rng, 2, 2, 4, 5, 4)
    yield (x, floats(rng, 3, 2, 2, 3, 2), floats(rng, 3)), {}
    yield (x, floats(rng, 4, 1, 2, 3, 2)), {"groups": 2, "padding": 1, "stride": (2, 1, 2)}
    yield (floats(rng, 2, 4, 5, 4), floats(rng, 3, 2, 2, 2, 3)), {"padding": "same"}
    yield (x, floats(rng, 3, 2, 4, 2, 4)), {}
    yield (x, floats(rng, 3, 2, 4, 5, 4), floats(rng, 3)), {}


conv3d.bad_inputs(_bad_conv(3))
