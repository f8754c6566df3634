"""Rows shorter than the step of the loop over them: whole vectors, then one mask."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64, int32
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_panel import schedule, softmax
from tests.compiler.loops.test_stream import text_of
from tests.compiler.run_plan import run_compiled

WIDTHS = [17, 20, 31, 32, 33, 47, 50, 63, 64, 65, 79, 100, 127, 130, 197]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16, int32], ids=lambda d: d.name)
def test_reductions(width: int, dtype: DType) -> None:
    x = build.input(0, (37, width), dtype)
    kinds = ["sum", "max", "min", "argmax", "argmin"]
    sinks = [build.reduce(x, kind, (1,)) for kind in kinds]
    if dtype.is_floating_point:
        sinks.append(softmax(x, 1))
    for sink in sinks:
        agree([sink], [x], [values((37, width), dtype)], 60 * tolerance(dtype))


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


def sums(width: int) -> Node:
    return build.reduce(build.input(0, (5000, width), float32), "sum", (1,))


def test_only_the_last_vector_is_masked() -> None:
    """Memory that is read under masks is not fetched ahead: no loop of them."""
    lanes = cpu.host().lanes(4)
    for width in (lanes + 1, 3 * lanes + 2, 7 * lanes - 1):
        if width <= 16:
            continue  # a vector holds an element of each of several rows
        made = schedule(sums(width), (1,), (5000, width))
        assert made.by_rows
        text = text_of(made)
        assert len(re.findall("call .*masked.load", text)) == int(made.masked)
        if made.masked:
            assert re.search(rf"= load <{lanes} x float>, ptr %t\d+, align 4\n", text)


def test_short_rows_have_no_more_sums_than_vectors() -> None:
    lanes = cpu.host().lanes(4)
    for width in (2 * lanes, 3 * lanes + 1, 4 * lanes, 9 * lanes):
        if width <= 16:
            continue
        made = schedule(sums(width), (1,), (5000, width))
        assert made.lanes * made.unroll <= width
