"""Rows shorter than the step of the loop over them: whole vectors, then one mask."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64, int32
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.loops.few import SHORT, few_vectors
from rushlight.compiler.loops.schedule import Schedule
from rushlight.ir import build
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_panel import schedule, softmax
from tests.compiler.loops.test_stream import text_of
from tests.compiler.run_plan import run_compiled

WIDTHS = [17, 33, 64, 100, 130]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16, int32], ids=lambda d: d.name)
def test_reductions(width: int, dtype: DType) -> None:
    for shape in ((37, width), (width,)):  # written out, and a loop
        x, axis = build.input(0, shape, dtype), len(shape) - 1
        kinds = ["sum", "max", "min", "argmax", "argmin"]
        sinks = [build.reduce(x, kind, (axis,)) for kind in kinds]
        if dtype.is_floating_point:
            sinks.append(softmax(x, axis))
        for sink in sinks:
            agree([sink], [x], [values(shape, dtype)], 60 * tolerance(dtype))


@pytest.mark.parametrize("kind", ["max", "min"])
@pytest.mark.parametrize("width", [7, 40, 50, 300])
def test_nan_is_the_furthest_wherever_it_is(kind: str, width: int) -> None:
    """Before and after larger numbers, in whole vectors and under the mask, among infinities."""
    x = build.input(0, (width + 2, width), float32)
    array = np.tile(values((width,), float32), (width + 2, 1))
    array[:, width // 2] = np.inf if kind == "max" else -np.inf
    for place in range(width):
        array[place, place] = np.nan
    (got,) = run_compiled([build.reduce(x, kind, (1,))], [x], [array])
    assert np.isnan(got[:width]).all()
    assert np.isinf(got[width:]).all()


def sums(shape: tuple[int, ...]) -> Schedule:
    """Of a matrix, or of one row: a loop, whatever its length."""
    x = build.input(0, shape, float32)
    axis = len(shape) - 1
    return schedule(build.reduce(x, "sum", (axis,)), (axis,), shape)


@pytest.mark.parametrize("rows", [(), (40,)])
def test_only_the_last_vector_is_masked(rows: tuple[int, ...]) -> None:
    """Memory that is read under masks is not fetched ahead: no loop of them."""
    lanes = cpu.host().lanes(4)
    for width in (lanes + 1, 3 * lanes + 2, 7 * lanes - 1):
        if rows and width <= SHORT:
            continue
        made = sums((*rows, width))
        assert made.by_rows
        text = text_of(made)
        assert len(re.findall("call .*masked.load", text)) == int(made.masked)
        if made.masked:
            assert re.search(rf"= load <{lanes} x float>, ptr %\w+, align 4\n", text)


def test_one_row_has_one_kernel_for_all_lengths() -> None:
    lanes = cpu.host().lanes(4)
    widths = (2 * lanes, 3 * lanes + 1, 4 * lanes, 9 * lanes)
    assert len({text_of(sums((width,))) for width in widths}) == 1


def test_rows_of_few_vectors_are_written_out() -> None:
    """Each vector is read once and its exponentials are taken once, whatever passes there are."""
    lanes = cpu.host().lanes(4)
    x = build.input(0, (5000, 5 * lanes), float32)
    made = schedule(softmax(x, 1), (1,))
    assert made.few == 5
    text = text_of(made)
    assert len(re.findall(rf"load <{lanes} x float>, ptr %t", text)) == 5
    assert len(re.findall(rf"= call <{lanes} x float> @\S*exp", text)) == 5


def test_as_many_vectors_are_written_out_as_a_row_has() -> None:
    for width in (SHORT, SHORT + 1, 31, 32, 64, 100, 128, 129):
        whole = few_vectors(width, 16, False)
        assert whole == (width // 16 if width in (32, 64, 128) else 0)
        assert few_vectors(width, 16, True) == (-(-width // 16) if 16 < width < 129 else 0)


@pytest.mark.parametrize("vectors", [4, 8])
@pytest.mark.parametrize("missing", [0, 1])
def test_softmax_of_rows_that_hold_no_number(vectors: int, missing: int) -> None:
    x = build.input(0, (300, max(vectors * cpu.host().lanes(4), SHORT + 2) - missing), float32)
    array = 9 * values(x.shape, float32)
    array[5, 3], array[6], array[7, 1], array[8, 2] = -np.inf, -np.inf, np.nan, np.inf
    with np.errstate(invalid="ignore"):
        agree([softmax(x, 1)], [x], [array], 2e-6)
