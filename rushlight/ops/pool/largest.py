"""Which element of a window is the largest, as PyTorch's pools with places say."""

from __future__ import annotations

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node


def place_of_largest(windows: Node) -> Node:
    """(*, T) -> (*, 1) int64: the first of the largest, but the last nan where there is one."""
    axis = windows.ndim - 1
    missing = build.cast(binary("ne", windows, windows), int64)
    after = binary("add", build.iota(windows.shape, axis), const(1, windows.shape, int64))
    last = build.reduce(binary("mul", missing, after), "max", (axis,))
    none = binary("eq", last, const(0, last.shape, int64))
    first = build.reduce(windows, "argmax", (axis,))
    place = build.where(none, first, binary("sub", last, const(1, last.shape, int64)))
    return build.reshape(place, (*windows.shape[:-1], 1))
