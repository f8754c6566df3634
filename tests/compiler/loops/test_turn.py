"""Narrow rows turned in registers: the same numbers as element by element."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64, int32
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_panel import again, schedule, softmax
from tests.compiler.loops.test_stream import text_of
from tests.compiler.run_plan import run_compiled

TURNS = pytest.mark.skipif(
    cpu.host().isa not in ("avx2", "avx512"), reason="needs loads under masks"
)


@pytest.mark.parametrize("width", range(2, 17))
@pytest.mark.parametrize("dtype", [float32, float64, int32, bfloat16], ids=lambda d: d.name)
def test_every_width(width: int, dtype: DType) -> None:
    """Whole steps and rows left over; rows read, written, and both."""
    x = build.input(0, (2 * 64 + 7, width), dtype)
    total = again(build.reduce(x, "sum", (1,)), x, (1,))
    sinks = [build.binary("sub", x, total), build.reduce(x, "argmax", (1,))]
    if dtype.is_floating_point:
        sinks.append(softmax(x, 1))
    for sink in sinks:
        agree([sink], [x], [values(x.shape, dtype)], 60 * tolerance(dtype))


@TURNS
def test_which_rows_are_turned() -> None:
    x = build.input(0, (300, 20), float32)
    dense = build.slice(x, (0, 0), (300, 20), (1, 1))
    part = build.slice(x, (0, 4), (300, 9), (1, 1))
    assert not schedule(build.reduce(dense, "sum", (1,)), (1,), (300, 20)).turned
    assert not schedule(build.reduce(part, "sum", (1,)), (1,), (300, 9)).turned
    assert schedule(softmax(part, 1), (1,)).turned == 9  # its results
    y = build.input(0, (300, 9), float32)
    assert schedule(build.reduce(y, "sum", (1,)), (1,), (300, 9)).turned == 9
    # Two texts: strides are words of both.
    agree([softmax(y, 1)], [y], [values(y.shape, float32)], 2e-6)
    agree([softmax(part, 1)], [x], [values(x.shape, float32)], 2e-6)


@TURNS
def test_no_element_is_picked_alone() -> None:
    """Of whole steps: rows left over are taken one by one."""
    made = schedule(softmax(build.input(0, (320, 10), float32), 1), (1,))
    text = text_of(made)
    steps = text[: text.index("store float ")]
    assert "extractelement" not in steps
    assert "insertelement" not in steps
    assert "shufflevector" in steps


def test_over_its_own_source() -> None:
    for width in (3, 10, 16):
        x = build.input(0, (333, width), float32)
        array = values(x.shape, float32)
        wanted = np.exp(array - array.max(1, keepdims=True))
        wanted /= wanted.sum(1, keepdims=True)
        (got,) = run_compiled([softmax(x, 1)], [x], [array], donatable=frozenset((0,)))
        np.testing.assert_allclose(got, wanted, 2e-6)


@TURNS
def test_memory_beside_the_rows_is_left_alone() -> None:
    """The last rows of whole steps end where the array does; more is neither read nor written."""
    width, rows = 9, 64
    x = build.input(0, (rows, width), float32)
    array = np.full((rows + 8, width), np.nan, np.float32)
    array[:rows] = values((rows, width), float32)
    before = array.copy()
    (got,) = run_compiled([softmax(x, 1)], [x], [array[:rows]], donatable=frozenset((0,)))
    assert np.isfinite(got).all()
    np.testing.assert_array_equal(array[rows:], before[rows:])
