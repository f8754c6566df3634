"""Sources, movement, updates, order and host calls in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rushlight.base.shape import Shape
from rushlight.ir import host, tied_order
from rushlight.ir.interpret_rule import HALVES, Array, Node, Rule, widen_halves


def _const(node: Node) -> Array:
    return np.full(node.shape, node.attrs["value"], dtype=node.dtype.np)


def _iota(node: Node) -> Array:
    axis = node.attrs["axis"]
    line = np.arange(node.shape[axis])
    line = line.astype(np.float32) if node.dtype in HALVES else line
    column = [1] * len(node.shape)
    column[axis] = -1
    return np.broadcast_to(line.astype(node.dtype.np).reshape(column), node.shape)


def window(start: Shape, shape: Shape, step: Shape) -> tuple[slice, ...]:
    """Python slices for ``shape`` elements from ``start`` by ``step`` (negative too)."""
    slices = []
    for first, count, stride in zip(start, shape, step, strict=True):
        stop = first + count * stride
        if count == 0:
            first, stop = 0, 0
        slices.append(slice(first, None if stop < 0 else stop, stride))
    return tuple(slices)


def strided_places(shape: Shape, strides: Shape, offset: int) -> Array:
    """Flat places of a strided window."""
    places = np.full(shape, offset, dtype=np.int64)
    for axis, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        column = [1] * len(shape)
        column[axis] = -1
        places += (np.arange(size) * stride).reshape(column)
    return places


def _slice(node: Node, x: Array) -> Array:
    return x[window(node.attrs["start"], node.shape, node.attrs["step"])]


def _slice_set(node: Node, x: Array, y: Array) -> Array:
    result = x.copy()
    result[window(node.attrs["start"], y.shape, node.attrs["step"])] = y
    return result


def _as_strided(node: Node, x: Array) -> Array:
    places = strided_places(node.shape, node.attrs["strides"], node.attrs["offset"])
    return np.asarray(x.reshape(-1)[places])


def _as_strided_set(node: Node, x: Array, y: Array) -> Array:
    result = x.copy()
    places = strided_places(y.shape, node.attrs["strides"], node.attrs["offset"])
    result.reshape(-1)[places.reshape(-1)] = y.reshape(-1)
    return result


def _pad(node: Node, x: Array) -> Array:
    result = np.full(node.shape, node.attrs["value"], dtype=node.dtype.np)
    inside = tuple(slice(lo, lo + size) for lo, size in zip(node.attrs["lo"], x.shape, strict=True))
    result[inside] = x
    return result


def _argsort(node: Node, x: Array) -> Array:
    """NumPy's stable order has nan last; the descending one is that of the reversed axis."""
    if node.attrs["tied"]:
        return _argsort_tied(node, x)
    axis = node.attrs["axis"]
    x = widen_halves(x, node.src[0].dtype)
    if not x.ndim:
        return np.zeros((), dtype=np.int64)
    return _stable_places(x, axis, node.attrs["descending"])


def _stable_places(x: Array, axis: int, descending: bool) -> Array:
    if not descending:
        return np.argsort(x, axis=axis, kind="stable").astype(np.int64)
    backward = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return np.asarray(x.shape[axis] - 1 - np.flip(backward, axis), dtype=np.int64)


def _first_places(node: Node, x: Array) -> Array:
    count, ordered = node.shape[node.attrs["axis"]], node.attrs["ordered"]
    return _tied_places(node, x, lambda row: tied_order.top(row, count, ordered))


def _argsort_tied(node: Node, x: Array) -> Array:
    return _tied_places(node, x, tied_order.sorted_places)


def _tied_places(node: Node, x: Array, of_row: Callable[[Array], list[int]]) -> Array:
    axis = node.attrs["axis"]
    x = widen_halves(x, node.src[0].dtype)
    if not node.size or not x.ndim:
        return np.zeros(node.shape, dtype=np.int64)
    rows = np.moveaxis(x, axis, -1)
    keys = tied_order.ranks(rows.reshape(-1, rows.shape[-1]), node.attrs["descending"])
    places = np.array([of_row(row) for row in keys], dtype=np.int64)
    return np.moveaxis(places.reshape(*rows.shape[:-1], -1), -1, axis)


MOVE_RULES: dict[str, Rule] = {
    "const": _const,
    "iota": _iota,
    "reshape": lambda node, x: x.reshape(node.shape),
    "permute": lambda node, x: x.transpose(node.attrs["axes"]),
    "expand": lambda node, x: np.broadcast_to(x, node.shape),
    "slice": _slice,
    "pad": _pad,
    "cat": lambda node, *parts: np.concatenate(parts, axis=node.attrs["axis"]),
    "as_strided": _as_strided,
    "slice_set": _slice_set,
    "as_strided_set": _as_strided_set,
    "argsort": _argsort,
    "first_places": _first_places,
    "host": lambda node, *arrays: host.call(node.attrs["name"], arrays, node.attrs["params"], node),
}
