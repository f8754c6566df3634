"""Copies that move elements: joining, repeating, flipping, rolling, padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, result_type
from rushlight.base.shape import normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.promote import full
from rushlight.ops.samples import (
    BOOLS,
    INTEGERS,
    BadInputs,
    Rng,
    Samples,
    distinct,
    floats,
    raises,
)  # fmt: skip
from rushlight.ops.table import Scalar, composite


def _slice(x: Node, axis: int, start: int, stop: int) -> Node:
    begin = tuple(start if k == axis and stop > start else 0 for k in range(x.ndim))
    shape = tuple(stop - start if k == axis else size for k, size in enumerate(x.shape))
    return build.slice(x, begin, shape, (1,) * x.ndim)


@composite(aliases=("concat", "concatenate"))
def cat(tensors: list[Node], dim: int = 0) -> Node:
    """Tensors one after another along ``dim``; other sizes agree, dtypes are promoted."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    # A 1-d empty tensor is skipped, as PyTorch has always done.
    parts = [x for x in tensors if x.shape != (0,)] or list(tensors[:1])
    for place, x in enumerate(tensors):
        if x.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {place}) cannot be concatenated"
            )
    dtype = result_type([x.dtype for x in tensors])
    first = parts[0]
    axis = normalize_dim(dim, first.ndim)
    for place, x in enumerate(parts):
        if x.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}"
            )
        for k, (a, b) in enumerate(zip(first.shape, x.shape, strict=True)):
            if k != axis and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {a} "
                    f"but got size {b} for tensor number {place} in the list."
                )
    return build.cat([build.cast(x, dtype) for x in parts], axis)


@cat.vjp
def _(g, out, tensors, dim):  # type: ignore[no-untyped-def]
    axis = normalize_dim(dim, g.ndim)
    grads, place = [], 0
    for x in tensors:
        if x.shape == (0,) and g.ndim != 1:
            grads.append(build.const(0, x.shape, x.dtype))
            continue
        size = x.shape[axis]
        grads.append(build.cast(_slice(g, axis, place, place + size), x.dtype))
        place += size
    return (grads,)


@cat.samples
def _(rng: Rng) -> Samples:
    yield ([floats(rng, 2, 3), floats(rng, 4, 3)],), {}
    yield ([floats(rng, 2, 3), floats(rng, 2, 1), floats(rng, 2, 4)], -1), {}
    yield ([floats(rng, 0, 3), floats(rng, 2, 3)],), {}
    yield ([np.zeros(0), floats(rng, 2, 3)],), {}
    yield ([INTEGERS, floats(rng, 1, 3)],), {}
    yield ([INTEGERS.astype(np.int32), BOOLS.reshape(1, 3)],), {}
    yield ([floats(rng, 3)],), {}


@cat.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (
        ([np.ones((2, 3)), np.ones((2, 4))],),
        {},
        RuntimeError,
        "must match except in dimension 0",
    )
    yield ([np.ones((2, 3)), np.ones(3)],), {}, RuntimeError, "same number of dimensions"
    yield ([np.ones(()), np.ones(())],), {}, RuntimeError, "zero-dimensional tensor"
    yield ([],), {}, ValueError, "non-empty list"
    yield ([np.ones(3)], 1), {}, IndexError, "Dimension out of range"


@composite
def stack(tensors: list[Node], dim: int = 0) -> Node:
    """Tensors of one shape along a new axis."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]
    for place, x in enumerate(tensors):
        if x.shape != first.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry "
                f"0 and {list(x.shape)} at entry {place}"
            )
    axis = normalize_dim(dim, first.ndim + 1)
    dtype = result_type([x.dtype for x in tensors])
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    return build.cat([reshape(build.cast(x, dtype), shape) for x in tensors], axis)


@stack.samples
def _(rng: Rng) -> Samples:
    for dim in (0, 1, -1):
        yield ([floats(rng, 2, 3), floats(rng, 2, 3)], dim), {}
    yield ([floats(rng), floats(rng)],), {}
    yield ([INTEGERS, floats(rng, 2, 3)],), {}
    yield ([np.zeros((0, 2))] * 3, 1), {}


@stack.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield ([np.ones(2), np.ones(3)],), {}, RuntimeError, "equal size"
    yield ([],), {}, RuntimeError, "non-empty"


def _repeated(x: Node, counts: tuple[int, ...]) -> Node:
    lead = len(counts) - x.ndim
    shape = (1,) * lead + x.shape
    if any(count < 0 for count in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(counts)}")
    # Each axis becomes (count, size), expanded and merged: no copy until the end.
    pairs = [each for size in shape for each in (1, size)]
    wide = [each for count, size in zip(counts, shape, strict=True) for each in (count, size)]
    out = build.expand(reshape(x, tuple(pairs)), tuple(wide))
    return reshape(out, tuple(c * s for c, s in zip(counts, shape, strict=True)))


@composite(torch=False, method=True)
def repeat(input: Node, *repeats: int) -> Node:
    """The tensor tiled ``repeats`` times along each axis; new axes come in front."""
    counts = _counts(repeats)
    if len(counts) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    return _repeated(input, counts)


@repeat.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), 2, 3), {}
    yield (floats(rng, 2, 3), (4, 1, 2)), {}
    yield (floats(rng), 3), {}
    yield (floats(rng, 2, 3), 0, 2), {}
    yield (np.zeros((0, 3)), 2, 2), {}


repeat.bad_inputs(raises(((np.ones((2, 3)), 2), {}, RuntimeError, "can not be smaller")))


@composite(method=True, grad_name="Repeat")
def tile(input: Node, *dims: int) -> Node:
    """As repeat, with missing counts taken as 1."""
    counts = _counts(dims)
    return _repeated(input, (1,) * (input.ndim - len(counts)) + counts)


@tile.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), (2,)), {}
    yield (floats(rng, 2, 3), (4, 1, 2)), {}
    yield (floats(rng), (3,)), {}


def _counts(values: tuple[Any, ...]) -> tuple[int, ...]:
    if len(values) == 1 and isinstance(values[0], (tuple, list)):
        return tuple(values[0])
    return tuple(values)


def _flip(x: Node, axes: tuple[int, ...]) -> Node:
    if x.size == 0:
        return x
    start = tuple(size - 1 if k in axes else 0 for k, size in enumerate(x.shape))
    step = tuple(-1 if k in axes else 1 for k in range(x.ndim))
    return build.slice(x, start, x.shape, step)


@composite(method=True)
def flip(input: Node, *dims: int) -> Node:
    """The order along ``dims`` reversed (a copy)."""
    named = _counts(dims)
    return _flip(input, normalize_dims(named, input.ndim) if named else ())


@flip.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), (0, -1)), {}
    yield (INTEGERS, (1,)), {}
    yield (np.zeros((0, 3)), (0, 1)), {}
    yield (floats(rng, 3), ()), {}


flip.bad_inputs(raises(((np.ones(3), (1,)), {}, IndexError, "Dimension out of range")))


@composite(method=True, grad_name="Flip")
def fliplr(input: Node) -> Node:
    """Axis 1 reversed."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _flip(input, (1,))


@fliplr.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (INTEGERS,), {}


fliplr.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "2-d")))


@composite(method=True, grad_name="Flip")
def flipud(input: Node) -> Node:
    """Axis 0 reversed."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return _flip(input, (0,))


@flipud.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (INTEGERS[0],), {}


flipud.bad_inputs(raises(((np.ones(()),), {}, RuntimeError, "1-d")))


@composite(method=True)
def rot90(input: Node, k: int = 1, dims: tuple[int, ...] = (0, 1)) -> Node:
    """A quarter turn in the plane of two dims, k times."""
    first, second = (normalize_dim(dim, input.ndim) for dim in dims)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {first}")
    axes = list(range(input.ndim))
    axes[first], axes[second] = axes[second], axes[first]
    turns = k % 4
    if turns == 0:
        return input
    if turns == 2:
        return _flip(input, (first, second))
    if turns == 1:
        return build.permute(_flip(input, (second,)), tuple(axes))
    return build.permute(_flip(input, (first,)), tuple(axes))


@rot90.samples
def _(rng: Rng) -> Samples:
    for k in (0, 1, 2, 3, -1, 5):
        yield (floats(rng, 3, 4), k), {}
    yield (floats(rng, 2, 3, 4), 1, (2, 0)), {}
    yield (floats(rng, 2, 3, 4), 1, (-1, 1)), {}


rot90.bad_inputs(raises(((np.ones((2, 2)), 1, (0, 0)), {}, RuntimeError, "to be different")))


@composite(method=True)
def roll(input: Node, shifts: int | tuple[int, ...], dims: Any = ()) -> Node:
    """Elements shifted along dims, those that fall off come back in front; no dims: flattened."""
    amounts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    named = (dims,) if isinstance(dims, int) else tuple(dims or ())
    if not named:
        if len(amounts) != 1:
            raise RuntimeError(
                f"shifts and dimensions must align. shifts: {len(amounts)}, dims:{len(named)}"
            )
        return reshape(_roll(reshape(input, (input.size,)), amounts[0], 0), input.shape)
    if len(amounts) != len(named):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(amounts)}, dims:{len(named)}"
        )
    for amount, dim in zip(amounts, named, strict=True):
        input = _roll(input, amount, normalize_dim(dim, input.ndim))
    return input


@roll.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 1), {}
    yield (floats(rng, 3, 4), (2, -1), (0, 1)), {}
    yield (floats(rng, 3, 4), 7, -1), {}
    yield (np.zeros((0, 3)), 1, 0), {}
    yield (floats(rng), 3), {}


roll.bad_inputs(raises(((np.ones((2, 2)), (1, 2), 0), {}, RuntimeError, "must align")))


def _roll(x: Node, amount: int, axis: int) -> Node:
    size = x.shape[axis] if x.ndim else 1
    if size == 0 or x.size == 0 or amount % size == 0:
        return x
    cut = size - amount % size
    return build.cat([_slice(x, axis, cut, size), _slice(x, axis, 0, cut)], axis)


@composite(torch=False, name="_repeat_each", grad_name="Repeat")
def repeat_each(input: Node, repeats: int, dim: int) -> Node:
    """Every slice along ``dim`` ``repeats`` times in a row."""
    axis = normalize_dim(dim, input.ndim)
    shape = (*input.shape[: axis + 1], 1, *input.shape[axis + 1 :])
    wide = (*input.shape[: axis + 1], repeats, *input.shape[axis + 1 :])
    out = build.expand(reshape(input, shape), wide)
    return reshape(
        out, (*input.shape[:axis], input.shape[axis] * repeats, *input.shape[axis + 1 :])
    )


@repeat_each.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), 2, 0), {}
    yield (floats(rng, 2, 3), 3, -1), {}
    yield (floats(rng, 2, 3), 0, 1), {}


# Padding


def _pairs(pad: tuple[int, ...], ndim: int) -> tuple[tuple[int, int], ...]:
    """``pad`` counts from the last axis backwards; one (lo, hi) per axis, front to back."""
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) // 2 > ndim:
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {ndim}"
        )
    pairs = [(pad[2 * k], pad[2 * k + 1]) for k in range(len(pad) // 2)]
    return ((0, 0),) * (ndim - len(pairs)) + tuple(reversed(pairs))


def _crop(x: Node, pairs: tuple[tuple[int, int], ...]) -> Node:
    for axis, (lo, hi) in enumerate(pairs):
        size = x.shape[axis]
        if lo + hi + size < 0:
            raise RuntimeError(
                f"The input size {size}, plus negative padding {lo} and {hi}, resulted in a "
                f"negative output size, which is invalid. Check dimension {axis} of your input."
            )
        if lo < 0 or hi < 0:
            x = _slice(x, axis, max(-lo, 0), size - max(-hi, 0))
    return x


@composite(torch=False, name="constant_pad_nd", grad_name="ConstantPadNd")
def constant_pad(input: Node, pad: tuple[int, ...], value: Scalar = 0) -> Node:
    """``value`` around the last axes; negative amounts cut off."""
    pairs = _pairs(tuple(pad), input.ndim)
    x = _crop(input, pairs)
    lo = tuple(max(each, 0) for each, _ in pairs)
    hi = tuple(max(each, 0) for _, each in pairs)
    if not isinstance(value, Node):
        return build.pad(x, lo, hi, value)
    inside = build.pad(build.const(True, x.shape, _BOOL), lo, hi, False)
    return build.where(inside, build.pad(x, lo, hi, 0), full(value, inside.shape, x.dtype))


@constant_pad.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), (1, 2)), {}
    yield (floats(rng, 2, 3), (1, 0, 0, 2), 1.5), {}
    yield (floats(rng, 4, 5), (-1, 2, 1, -2), float("-inf")), {}
    yield (INTEGERS, (1, 1), 7), {}
    yield (np.zeros((0, 3)), (0, 0, 2, 1), 0.5), {}


@constant_pad.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), (1,)), {}, RuntimeError, "divisible by 2"
    yield (np.ones(3), (1, 1, 1, 1)), {}, RuntimeError, "two times the input dimension"
    yield (np.ones(3), (-2, -2)), {}, RuntimeError, "negative output size"


@composite(torch=False, name="_edge_pad", grad_name="Pad")
def edge_pad(input: Node, pad: tuple[int, ...], mode: str) -> Node:
    """Padding by "reflect" (without the edge), "replicate" or "circular"."""
    rank = len(pad) // 2
    if input.ndim not in (rank + 1, rank + 2) or rank not in (1, 2, 3):
        raise NotImplementedError(
            f"Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now; got "
            f"{input.ndim}D input and padding of length {len(pad)} (mode {mode!r})"
        )
    pairs = _pairs(tuple(pad), input.ndim)
    x = input
    for axis, (lo, hi) in enumerate(pairs):
        if lo == 0 and hi == 0:
            continue
        size = x.shape[axis]
        _edge_limits(mode, size, lo, hi, axis, input)
        cut = _slice(x, axis, max(-lo, 0), size - max(-hi, 0))
        parts = [
            _edge(cut, axis, lo, mode, first=True),
            cut,
            _edge(cut, axis, hi, mode, first=False),
        ]
        x = build.cat([part for part in parts if part is not None], axis)
    return x


@edge_pad.samples
def _(rng: Rng) -> Samples:
    for mode in ("reflect", "replicate", "circular"):
        yield (distinct(rng, 2, 3, 5), (2, 1), mode), {}
        yield (distinct(rng, 3, 5), (1, 3), mode), {}
        yield (distinct(rng, 2, 3, 4, 5), (1, 2, 2, 1), mode), {}
        yield (distinct(rng, 1, 2, 3, 4, 3), (1, 1, 0, 2, 1, 2), mode), {}


@edge_pad.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3, 4)), (4, 0), "reflect"), {}, RuntimeError, "less than"
    yield (np.ones((2, 3, 4)), (5, 0), "circular"), {}, RuntimeError, "at most"
    yield (np.ones(3), (1, 1), "replicate"), {}, NotImplementedError, "Only 2D, 3D, 4D, 5D"


def _edge_limits(mode: str, size: int, lo: int, hi: int, axis: int, input: Node) -> None:
    limit = {"reflect": size - 1, "circular": size}.get(mode)
    if limit is not None and max(lo, hi) > limit:
        rule = "less than" if mode == "reflect" else "at most"
        raise RuntimeError(
            f"Padding size should be {rule} the corresponding input dimension, but got: padding "
            f"({lo}, {hi}) at dimension {axis} of input {list(input.shape)}"
        )
    if size == 0 and max(lo, hi) > 0:
        raise RuntimeError(
            f"{mode} padding: dimension {axis} of input {list(input.shape)} is empty"
        )


def _edge(x: Node, axis: int, amount: int, mode: str, *, first: bool) -> Node | None:
    if amount <= 0:
        return None
    size = x.shape[axis]
    if mode == "replicate":
        edge = _slice(x, axis, 0, 1) if first else _slice(x, axis, size - 1, size)
        shape = tuple(amount if k == axis else n for k, n in enumerate(x.shape))
        return build.expand(edge, shape)
    if mode == "circular":
        return _slice(x, axis, size - amount, size) if first else _slice(x, axis, 0, amount)
    cut = _slice(x, axis, 1, 1 + amount) if first else _slice(x, axis, size - 1 - amount, size - 1)
    return _flip(cut, (axis,))


_BOOL = bool_


@composite(method=False, functional=True, grad_name="PixelShuffle")
def pixel_shuffle(input: Node, upscale_factor: int) -> Node:
    """(.., C r r, H, W) -> (.., C, H r, W r)."""
    r = upscale_factor
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    split = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return reshape(build.permute(split, order), (*lead, channels // (r * r), height * r, width * r))


@pixel_shuffle.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 8, 3, 4), 2), {}
    yield (floats(rng, 9, 2, 2), 3), {}


pixel_shuffle.bad_inputs(raises(((np.ones((1, 6, 2, 2)), 2), {}, RuntimeError, "divisible")))


@composite(method=False, functional=True, grad_name="PixelUnshuffle")
def pixel_unshuffle(input: Node, downscale_factor: int) -> Node:
    """(.., C, H r, W r) -> (.., C r r, H, W)."""
    r = downscale_factor
    *lead, channels, height, width = input.shape
    if height % r or width % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, got "
            f"{height}x{width} and {r}"
        )
    n = len(lead)
    split = reshape(input, (*lead, channels, height // r, r, width // r, r))
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return reshape(build.permute(split, order), (*lead, channels * r * r, height // r, width // r))


@pixel_unshuffle.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 2, 6, 4), 2), {}
    yield (floats(rng, 1, 6, 6), 3), {}


pixel_unshuffle.bad_inputs(raises(((np.ones((1, 1, 5, 4)), 2), {}, RuntimeError, "divisible")))
