"""Accumulators of rows that are no whole vectors: ten channels, seven classes."""

from __future__ import annotations

import pytest

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, int64
from rushlight.ir import build
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_panel import again, schedule
from tests.compiler.loops.test_stream import text_of


@pytest.mark.parametrize("columns", [2, 3, 5, 7, 8, 10, 13])
@pytest.mark.parametrize("kind", ["sum", "max", "prod", "argmin", "any"])
@pytest.mark.parametrize("dtype", [float32, int64], ids=lambda d: d.name)
def test_columns(columns: int, kind: str, dtype: DType) -> None:
    shape = (2000, columns)
    x = build.input(0, shape, dtype)
    array = values(shape, dtype)
    if kind == "prod":
        array[7:] = 1
    agree([build.reduce(x, kind, (0,))], [x], [array], 300 * tolerance(dtype))


def test_lanes_are_a_power_of_two() -> None:
    x = build.input(0, (2000, 10), float32)
    made = schedule(build.binary("sub", x, again(build.reduce(x, "sum", (0,)), x, (0,))), (0,))
    assert made.exact and made.lanes == 10
    assert "alloca <16 x float>" in text_of(made)
    assert "alloca <10 x float>" not in text_of(made)
