"""Input gradients with wide strides, as convolutions whose channels are the phases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.passes.strides import strides
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret import interpret
from tests.compiler.loops.test_kernels import agree, values

Shape = tuple[int, ...]


def gradient(
    x: Shape, filters: int, taps: Shape, stride: Shape, padding: Any, dtype: DType
) -> tuple[list[Node], Node]:
    ones = (1,) * len(taps)
    sizes = build.window_sizes(x[1:-1], taps, stride, padding, ones)
    g = build.input(0, (x[0], *sizes, filters), dtype)
    w = build.input(1, (filters, x[-1], *taps), dtype)
    return [g, w], build.conv_input_grad(g, w, x, stride, padding, ones)


CASES: list[tuple[Any, ...]] = [
    ((2, 53, 1), 9, (16,), (8,), ((4, 4),)),
    ((2, 61, 1), 5, (13,), (5,), ((0, 0),)),  # two phases have two taps, inputs at the end none
    ((1, 40, 3), 4, (3,), (6,), ((2, 1),)),  # phases without taps
    ((3, 24, 18, 3), 10, (8, 6), (8, 6), ((0, 0), (0, 0))),  # patches
    ((1, 31, 19, 2), 6, (11, 5), (7, 2), ((3, 2), (2, 1))),
    ((1, 33, 35, 17), 6, (8, 9), (8, 8), ((0, 0), (9, 0))),  # the padding is beyond a stride
    ((0, 24, 1), 3, (8,), (8,), ((0, 0),)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "x".join(map(str, case[0])))
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16], ids=lambda dtype: dtype.name)
def test_is_the_same(case: Any, dtype: DType) -> None:
    inputs, made = gradient(*case, dtype)
    arrays = [values(each.shape, dtype) for each in inputs]
    (new,) = strides([made])
    assert not any(node.op == "conv_input_grad" for node in toposort([new])) or 0 in case[0]
    tolerance = {"float32": 2e-5, "float64": 1e-12}.get(dtype.name, 3e-2)
    (wanted,), (got,) = interpret([made], arrays), interpret([new], arrays)
    np.testing.assert_allclose(
        got.astype("d"), wanted.astype("d"), rtol=tolerance, atol=20 * tolerance
    )
    agree([made], inputs, arrays, 20 * tolerance)


def test_infinity_stays_where_it_is() -> None:
    """No product is with a tap that is not there."""
    inputs, made = gradient((1, 61, 1), 5, (13,), (5,), ((0, 0),), float32)
    g, w = (values(each.shape, float32) for each in inputs)
    g[0, 4, 2] = np.inf
    (got,) = interpret(strides([made]), [g, w])
    where = np.flatnonzero(~np.isfinite(got.reshape(-1)))
    assert where.tolist() == list(range(20, 33))


@pytest.mark.parametrize(
    ("channels", "stride", "changed"),
    [(1, (4,), False), (1, (5,), True), (16, (5,), False), (16, (64,), True), (3, (2, 4), False)],
)
def test_which(channels: int, stride: Shape, changed: bool) -> None:
    size = (2, *(128 for _ in stride), channels)
    _, made = gradient(size, 8, stride, stride, ((0, 0),) * len(stride), float32)
    assert (strides([made])[0] is not made) == changed
