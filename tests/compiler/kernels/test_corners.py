"""Weighted elements at computed places, against the interpreter."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, float64, int32, int64
from rushlight.compiler.kernels import lower_node
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import evaluate
from rushlight.ops.corners import met, sampled, spread
from tests.compiler.kernels.launcher import run_node

RNG = np.random.default_rng(8)
# (N, C, S, P): fewer points than a vector, more than a block, no channels, nothing to read from.
SHAPES = [(2, 3, 10, 5), (1, 1, 1, 1), (2, 5, 40, 17), (3, 2, 7, 700), (2, 0, 5, 4), (1, 2, 3, 0)]


def nodes_and_arrays(
    shape: tuple[int, int, int, int], dtype: DType, index: DType, count: int
) -> tuple[list[Node], list[np.ndarray]]:
    """A table, slopes, then places (some outside) and weights of ``count`` corners."""
    n, channels, size, points = shape
    arrays = [RNG.normal(size=(n, channels, each)).astype(dtype.np) for each in (size, points)]
    arrays += [RNG.integers(-1, size, (n, points)).astype(index.np) for _ in range(count)]
    arrays += [RNG.normal(size=(n, points)).astype(dtype.np) for _ in range(count)]
    kinds = [dtype, dtype, *[index] * count, *[dtype] * count]
    nodes = [
        build.input(k, each.shape, kind)
        for k, (each, kind) in enumerate(zip(arrays, kinds, strict=True))
    ]
    return nodes, arrays


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("dtype", "index"), [(float32, int32), (float64, int64)], ids=str)
def test_agrees(shape: tuple[int, int, int, int], dtype: DType, index: DType) -> None:
    near = 1e-5 if dtype is float32 else 1e-12
    for count in (1, 4):
        nodes, arrays = nodes_and_arrays(shape, dtype, index, count)
        places, weights = slice(2, 2 + count), slice(2 + count, None)
        for node, sources in (
            (sampled(nodes[0], nodes[places], nodes[weights]), [arrays[0], *arrays[2:]]),
            (spread(nodes[1], nodes[places], nodes[weights], shape[2]), arrays[1:]),
            (met(nodes[1], nodes[0], nodes[2]), [arrays[1], arrays[0], arrays[2]]),
        ):
            got = run_node(node, sources, lower_node)
            np.testing.assert_allclose(got, evaluate(node, sources), rtol=near, atol=near)


def test_what_is_outside_is_not_read() -> None:
    """Not even multiplied by 0: the first element may be infinite."""
    for points in (3, 40):
        table = np.full((1, 1, 2), np.inf, np.float32)
        places, weights = np.full((1, points), -1, np.int32), np.ones((1, points), np.float32)
        arrays = [table, places, weights]
        kinds = (float32, int32, float32)
        nodes = [build.input(k, each.shape, kinds[k]) for k, each in enumerate(arrays)]
        got = run_node(sampled(nodes[0], nodes[1:2], nodes[2:]), arrays, lower_node)
        np.testing.assert_array_equal(got, 0)
