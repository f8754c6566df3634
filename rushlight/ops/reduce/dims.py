"""What reductions share: the axes that go, the shape that stays."""

from __future__ import annotations

import math

from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node

Dims = int | tuple[int, ...] | None


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with 1 at the axes that were reduced."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def finish(reduced: Node, x: Node, axes: tuple[int, ...], keepdim: bool) -> Node:
    """Put the reduced axes back as 1 if asked."""
    return reshape(reduced, kept_shape(x.shape, axes)) if keepdim else reduced


def widen(reduced: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """A reduced node (without its axes) spread over the shape it came from."""
    return build.expand(reshape(reduced, kept_shape(x.shape, axes)), x.shape)


def count_of(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)


def not_empty(who: str, x: Node, axes: tuple[int, ...]) -> None:
    for axis in axes:
        if x.ndim and x.shape[axis] == 0:
            raise IndexError(f"{who}(): Expected reduction dim {axis} to have non-zero size.")
