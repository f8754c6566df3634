"""Index maps through movement primitives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from rushlight.base.dtype import int64
from rushlight.base.shape import Shape, contiguous_strides
from rushlight.compiler.loops.build import Space
from rushlight.compiler.loops.index import NotAffine, linear, movement, split
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret


def followed(node: Node, cuts: dict[int, Shape] | None = None) -> list[int]:
    """For each element of ``node`` the place in its source's memory; -1 where there is none."""
    space = Space(node.shape, (), cuts or {})
    coords, guards = movement(node, space.coords(node.shape, False), space.extents)
    index = linear(coords, contiguous_strides(node.src[0].shape), len(space.extents) + 1)
    places = []
    for point in itertools.product(*map(range, space.extents)):
        there = all(
            0 <= guard.coord[0] + int(np.dot(guard.coord[1:], point)) < guard.size
            for guard in guards
        )
        places.append(index[0] + int(np.dot(index[1:], point)) if there else -1)
    return places


def expected(node: Node) -> list[int]:
    source = node.src[0]
    values = np.arange(math.prod(source.shape)).reshape(source.shape)
    flat: list[int] = interpret([node], [values])[0].ravel().tolist()
    return flat


X = build.input(0, (4, 6, 5), int64)


@pytest.mark.parametrize(
    "node",
    [
        build.permute(X, (2, 0, 1)),
        build.slice(X, (3, 1, 0), (2, 3, 5), (-1, 2, 1)),
        build.pad(X, (1, 0, 2), (0, 2, 1), -1),
        build.reshape(X, (24, 5)),
        build.expand(build.input(0, (4, 1, 5), int64), (4, 3, 5)),
    ],
    ids=lambda node: node.op,
)
def test_each_movement(node: Node) -> None:
    try:
        assert followed(node) == expected(node)
    except NotAffine as error:
        assert node.op == "reshape"
        assert error.cut == (0, 6)
        assert followed(node, {0: (4, 6)}) == expected(node)


def test_merging_axes_needs_no_cut() -> None:
    node = build.reshape(build.input(0, (120,), int64), (4, 6, 5))
    assert followed(node) == expected(node)


def test_a_run_of_axes_that_does_not_divide_is_not_affine() -> None:
    node = build.reshape(build.input(0, (6, 4), int64), (4, 6))
    with pytest.raises(NotAffine):
        followed(node)


def test_split_needs_the_rest_to_stay_inside() -> None:
    assert split((0, 8, 1), 4, (3, 4)) == ((0, 2, 0), (0, 0, 1))
    assert split((0, 8, 1), 4, (3, 5)) is None
    assert split((3, 8, 1), 4, (3, 2)) is None
