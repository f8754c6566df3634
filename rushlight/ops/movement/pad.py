"""Axes made longer: by a constant, their edge, their mirror image or around."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushlight.base.dtype import bool_, int64
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops import derive
from rushlight.ops.in_turn import added_in_turn
from rushlight.ops.movement.flip import flipped
from rushlight.ops.movement.join import span
from rushlight.ops.promote import compute_dtype, full
from rushlight.ops.samples import INTEGERS, BadInputs, Rng, Samples, distinct, floats
from rushlight.ops.table import Grads, Scalar, composite


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
            x = span(x, axis, max(-lo, 0), size - max(-hi, 0))
    return x


@composite(name="constant_pad_nd", grad_name="ConstantPadNd", stored="value")
def constant_pad(input: Node, pad: tuple[int, ...], value: Scalar = 0) -> Node:
    """``value`` around the last axes; negative amounts cut off."""
    pairs = _pairs(tuple(pad), input.ndim)
    x = _crop(input, pairs)
    lo = tuple(max(each, 0) for each, _ in pairs)
    hi = tuple(max(each, 0) for _, each in pairs)
    if not isinstance(value, Node):
        return build.pad(x, lo, hi, value)
    inside = build.pad(build.const(True, x.shape, bool_), lo, hi, False)
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
    if mode != "circular" and 0 in input.shape[input.ndim - rank - 1 :]:
        raise RuntimeError(
            f"Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with possibly 0 batch size "
            f"and other non-zero dimensions for input, but got: {list(input.shape)}"
        )
    pairs = _pairs(tuple(pad), input.ndim)
    x = input
    # Of one that goes around the last axis first, as PyTorch: sums of its slope are rounded so.
    axes = range(len(pairs))
    for axis in reversed(axes) if mode == "circular" else axes:
        lo, hi = pairs[axis]
        if lo == 0 and hi == 0:
            continue
        size = x.shape[axis]
        _edge_limits(mode, size, lo, hi, axis, input)
        if mode == "replicate" and min(lo, hi) < 0:
            x = _clamped(x, axis, lo, size + lo + hi)
            continue
        cut = span(x, axis, max(-lo, 0), size - max(-hi, 0))
        parts = [
            _edge(cut, axis, lo, mode, first=True),
            cut,
            _edge(cut, axis, hi, mode, first=False),
        ]
        x = build.cat([part for part in parts if part is not None], axis)
    return x


@edge_pad.vjp
def _(g: Node, out: Node, input: Node, pad: tuple[int, ...], mode: str) -> Grads:
    if compute_dtype(g.dtype) is g.dtype or mode == "circular":

        def padded(fresh: Sequence[Node]) -> list[Node]:
            return [edge_pad.body(fresh[0], pad, mode)]

        (slope,) = derive.through_body(padded, (g,), (out,), (input,), 1)
        return (slope,)
    numbers = build.iota((input.size,), 0)
    places = edge_pad.body(build.reshape(numbers, input.shape), pad, mode)
    return (build.reshape(added_in_turn(input.size, places, g), input.shape),)


@edge_pad.samples
def _(rng: Rng) -> Samples:
    for mode in ("reflect", "replicate", "circular"):
        yield (distinct(rng, 2, 3, 5), (2, 1), mode), {}
        yield (distinct(rng, 3, 5), (1, 3), mode), {}
        yield (distinct(rng, 2, 3, 4, 5), (1, 2, 2, 1), mode), {}
        yield (distinct(rng, 1, 2, 3, 4, 3), (1, 1, 0, 2, 1, 2), mode), {}
    yield (distinct(rng, 2, 3, 4), (-4, 5), "replicate"), {}
    yield (distinct(rng, 2, 3, 4), (2, -1), "replicate"), {}


@edge_pad.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3, 4)), (4, 0), "reflect"), {}, RuntimeError, "less than"
    yield (np.ones((2, 3, 4)), (5, 0), "circular"), {}, RuntimeError, "at most"
    yield (np.ones(3), (1, 1), "replicate"), {}, NotImplementedError, "Only 2D, 3D, 4D, 5D"


def _clamped(x: Node, axis: int, lo: int, count: int) -> Node:
    """Elements ``-lo``, ``1 - lo`` ... along ``axis``, the nearest where there is none."""
    place = build.binary("sub", build.iota((count,), 0, int64), build.const(lo, (count,), int64))
    low = build.binary("maximum", place, build.const(0, (count,), int64))
    last = build.const(x.shape[axis] - 1, (count,), int64)
    return build.take(x, build.binary("minimum", low, last), axis)


def _edge_limits(mode: str, size: int, lo: int, hi: int, axis: int, input: Node) -> None:
    limit = {"reflect": size - 1, "circular": size}.get(mode)
    if limit is not None and max(lo, hi) > limit:
        rule = "less than" if mode == "reflect" else "at most"
        raise RuntimeError(
            f"Padding size should be {rule} the corresponding input dimension, but got: padding "
            f"({lo}, {hi}) at dimension {axis} of input {list(input.shape)}"
        )


def _edge(x: Node, axis: int, amount: int, mode: str, *, first: bool) -> Node | None:
    if amount <= 0:
        return None
    size = x.shape[axis]
    if mode == "replicate":
        edge = span(x, axis, 0, 1) if first else span(x, axis, size - 1, size)
        shape = tuple(amount if k == axis else n for k, n in enumerate(x.shape))
        return build.expand(edge, shape)
    if mode == "circular":
        return span(x, axis, size - amount, size) if first else span(x, axis, 0, amount)
    cut = span(x, axis, 1, 1 + amount) if first else span(x, axis, size - 1 - amount, size - 1)
    return flipped(cut, (axis,))
