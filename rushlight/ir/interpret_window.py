"""Convolutions and pools in NumPy, channels-last, any number of spatial axes: a loop over taps."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.base.dtype import int64
from rushlight.base.shape import Shape
from rushlight.ir.interpret_rule import Array, Node, Rule, lowest, narrow, wide, widen_halves

Slices = tuple[slice, ...]


def _padded(x: Array, node: Node, value: object) -> Array:
    """Spatial axes surrounded by ``value``; a negative padding cuts off."""
    pairs = node.attrs["padding"]
    spatial = [size + lo + hi for size, (lo, hi) in zip(x.shape[1:-1], pairs, strict=True)]
    result = np.full((x.shape[0], *spatial, x.shape[-1]), value, dtype=x.dtype)
    source, target = _inside(x.shape[1:-1], node)
    result[target] = x[source]
    return result


def _inside(sizes: Shape, node: Node) -> tuple[Slices, Slices]:
    """Where the array lies in its padded form: (slices of it, slices of the padded one)."""
    source, target = [slice(None)], [slice(None)]
    for size, (lo, hi) in zip(sizes, node.attrs["padding"], strict=True):
        first, last = max(0, -lo), size - max(0, -hi)
        source.append(slice(first, max(first, last)))
        target.append(slice(first + lo, max(first, last) + lo))
    return tuple(source), tuple(target)


def _taps(window: Shape, counts: Shape, node: Node) -> Iterator[tuple[Shape, Slices]]:
    """Each tap of the window with the slices of the padded array that it meets."""
    for tap in itertools.product(*map(range, window)):
        slices = [slice(None)]
        for place, count, step, gap in zip(
            tap, counts, node.attrs["stride"], node.attrs["dilation"], strict=True
        ):
            first = place * gap
            slices.append(slice(first, first + (count - 1) * step + 1 if count else first, step))
        yield tap, tuple(slices)


def _at_tap(tap: Shape) -> Any:
    """The (K, C) matrix of one tap of a weight."""
    return (slice(None), slice(None), *tap)


def _grouped(x: Array, groups: int) -> Array:
    """(..., C) -> (groups, everything before C, C / groups)."""
    flat = (
        x.reshape(-1, groups, x.shape[-1] // groups)
        if x.size
        else np.zeros((x.size // max(x.shape[-1], 1), groups, x.shape[-1] // groups), dtype=x.dtype)
    )
    return np.moveaxis(flat, 1, 0)


def _ungrouped(x: Array, shape: Shape) -> Array:
    return np.moveaxis(x, 0, 1).reshape(shape)


def _conv(node: Node, x: Array, w: Array) -> Array:
    groups = node.attrs["groups"]
    padded = _padded(wide(x, node.dtype), node, 0)
    w = wide(w, node.dtype)
    result = np.zeros(node.shape, dtype=padded.dtype)
    for tap, slices in _taps(w.shape[2:], node.shape[1:-1], node):
        weight = w[_at_tap(tap)]  # (K, C / groups)
        weight = weight.reshape(groups, -1, weight.shape[1]).transpose(0, 2, 1)
        result += _ungrouped(_grouped(padded[slices], groups) @ weight, node.shape)
    return narrow(result, node.dtype)


def _conv_input_grad(node: Node, g: Array, w: Array) -> Array:
    groups = node.attrs["groups"]
    g, w = wide(g, node.dtype), wide(w, node.dtype)
    padded = _padded(np.zeros(node.shape, dtype=g.dtype), node, 0)
    for tap, slices in _taps(w.shape[2:], g.shape[1:-1], node):
        weight = w[_at_tap(tap)]
        weight = weight.reshape(groups, -1, weight.shape[1])  # (groups, K / groups, C / groups)
        shape = (*g.shape[:-1], node.shape[-1])
        padded[slices] += _ungrouped(_grouped(g, groups) @ weight, shape)
    source, target = _inside(node.shape[1:-1], node)
    result = np.zeros(node.shape, dtype=g.dtype)
    result[source] = padded[target]
    return narrow(result, node.dtype)


def _conv_weight_grad(node: Node, g: Array, x: Array) -> Array:
    groups = node.attrs["groups"]
    g = wide(g, node.dtype)
    padded = _padded(wide(x, node.dtype), node, 0)
    result = np.zeros(node.shape, dtype=g.dtype)
    for tap, slices in _taps(node.shape[2:], g.shape[1:-1], node):
        product = _grouped(g, groups).transpose(0, 2, 1) @ _grouped(padded[slices], groups)
        result[_at_tap(tap)] = product.reshape(node.shape[:2])
    return narrow(result, node.dtype)


def _pool(node: Node, x: Array) -> Array:
    """max: nan wins; argmax: the first place of the largest, the last nan (as PyTorch has it)."""
    kind, window = node.attrs["kind"], node.attrs["window"]
    dtype = node.src[0].dtype
    if kind == "sum":
        padded = _padded(wide(x, dtype), node, 0)
        total = np.zeros(node.shape, dtype=padded.dtype)
        for _, slices in _taps(window, node.shape[1:-1], node):
            total += padded[slices]
        return narrow(total, node.dtype)
    x = widen_halves(x, dtype)
    least = lowest(dtype, -1)
    padded = _padded(x, node, least)
    sizes = (1, *x.shape[1:-1], 1)
    numbers = np.arange(np.prod(x.shape[1:-1], dtype=np.int64)).reshape(sizes)
    numbers = _padded(numbers, node, -1)
    best = np.full(node.shape, least, dtype=padded.dtype)
    place = np.full(node.shape, -1, dtype=np.int64)
    for _, slices in _taps(window, node.shape[1:-1], node):
        value, number = padded[slices], np.broadcast_to(numbers[slices], node.shape)
        better = (value > best) | (value != value) | ((place < 0) & (number >= 0))
        better &= number >= 0
        best, place = np.where(better, value, best), np.where(better, number, place)
    if kind == "argmax":
        return np.maximum(place, 0)
    return narrow(best, node.dtype)


def _pool_input_grad(node: Node, g: Array, *rest: Array) -> Array:
    g = wide(g, node.dtype)
    if node.attrs["kind"] != "sum":
        places = rest[0]
        if node.attrs["kind"] == "top":
            attrs = {**node.attrs, "kind": "argmax"}
            argmax = Node("pool", node.src[1:], g.shape, int64, attrs)
            places = _pool(argmax, places)
        flat = np.zeros((node.shape[0], int(np.prod(node.shape[1:-1])), node.shape[-1]), g.dtype)
        rows, channels = g.shape[0], g.shape[-1]
        where = (
            np.arange(rows).reshape(-1, 1, 1),
            places.reshape(rows, -1, channels) if g.size else np.zeros((rows, 0, channels), int),
            np.arange(channels).reshape(1, 1, -1),
        )
        np.add.at(flat, where, g.reshape(where[1].shape))
        return narrow(flat.reshape(node.shape), node.dtype)
    padded = _padded(np.zeros(node.shape, dtype=g.dtype), node, 0)
    for _, slices in _taps(node.attrs["window"], g.shape[1:-1], node):
        padded[slices] += g
    source, target = _inside(node.shape[1:-1], node)
    result = np.zeros(node.shape, dtype=g.dtype)
    result[source] = padded[target]
    return narrow(result, node.dtype)


WINDOW_RULES: dict[str, Rule] = {
    "conv": _conv,
    "conv_input_grad": _conv_input_grad,
    "conv_weight_grad": _conv_weight_grad,
    "pool": _pool,
    "pool_input_grad": _pool_input_grad,
}
