"""Reading and writing at places given by index arrays, in NumPy."""

from __future__ import annotations

import numpy as np

from rushlight.ir.interpret_rule import Array, Node, Rule

_COMBINE: dict[str, np.ufunc] = {
    "add": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}


def places(index: Array, size: int, axis: int) -> Array:
    """``index`` from the front, where uint64 counts already. Raises IndexError with PyTorch's
    words."""
    lowest = 0 if index.dtype == np.uint64 else -size
    index = index.astype(np.int64)
    outside = (index < lowest) | (index >= size)
    if outside.any():
        raise IndexError(
            f"index {int(index[outside].reshape(-1)[0])} is out of bounds for dimension {axis} "
            f"with size {size}"
        )
    return np.where(index < 0, index + size, index)


def _take(node: Node, x: Array, index: Array) -> Array:
    axis = node.attrs["axis"]
    return np.take(x, places(index, x.shape[axis], axis), axis=axis)


def _along(node: Node, x: Array, index: Array) -> tuple[Array, ...]:
    """Index arrays for every axis: ``index`` along the node's axis, its own place elsewhere."""
    axis = node.attrs["axis"]
    grid: list[Array] = list(np.indices(index.shape, sparse=True))
    return (*grid[:axis], places(index, x.shape[axis], axis), *grid[axis + 1 :])


def _gather(node: Node, x: Array, index: Array) -> Array:
    x, index = np.atleast_1d(x, index)
    return np.asarray(x[_along(node, x, index)]).reshape(node.shape)


def _combine(x: Array, where: tuple[Array, ...], values: Array, node: Node) -> Array:
    """Values go in one after another, in index order; the last of duplicates wins in ``set``."""
    mode = node.attrs["mode"]
    result = x.copy()
    if mode == "set":
        where = tuple(np.broadcast_arrays(*where))
        result[where] = values
        return result
    # Halves round after every one.
    _COMBINE[mode].at(result, where, values)
    return result


def _put(node: Node, x: Array, index: Array, values: Array) -> Array:
    axis = node.attrs["axis"]
    index = places(index, x.shape[axis], axis)
    # The indexed axes go first, so that values meet x in the order of the index.
    moved = np.moveaxis(x, axis, 0)
    rank = index.ndim
    values = np.moveaxis(values, tuple(range(axis, axis + rank)), tuple(range(rank)))
    values = values.reshape(index.size, *moved.shape[1:])
    grid = np.indices((index.size, *moved.shape[1:]), sparse=True)
    where = (index.reshape(-1)[grid[0]], *grid[1:])
    return np.moveaxis(_combine(moved, where, values, node), 0, axis)


def _scatter(node: Node, x: Array, index: Array, values: Array) -> Array:
    x, index, values = np.atleast_1d(x, index, values)
    return _combine(x, _along(node, x, index), values, node).reshape(node.shape)


INDEX_RULES: dict[str, Rule] = {
    "take": _take,
    "gather": _gather,
    "put": _put,
    "scatter": _scatter,
}
