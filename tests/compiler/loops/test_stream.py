"""Chains and last passes along rows, stored past the caches: the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64, int8, int32
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.loops import stream
from rushlight.compiler.loops.emit import CHUNK_WORDS
from rushlight.compiler.loops.lower import texts
from rushlight.compiler.loops.schedule import Schedule
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_panel import again, schedule, softmax
from tests.compiler.run_plan import run_compiled

SHAPES = [(4000,), (37, 200), (37, 203), (3, 5, 131), (40, 64), (7, 30)]


def centred(x: Node) -> Node:
    return build.binary("sub", x, again(build.reduce(x, "sum", (1,)), x, (1,)))


def text_of(made: Schedule) -> str:
    made.words[:] = [0] * CHUNK_WORDS
    return texts.get(made, False).text


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16, int32, int8], ids=lambda d: d.name)
def test_chains(shape: tuple[int, ...], dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Aligned rows and others, with tails, a row that is the same for all, several results."""
    monkeypatch.setattr(stream, "LARGE", 1)
    x, y = build.input(0, shape, dtype), build.input(1, shape[-1:], dtype)
    both = build.binary("add", x, build.broadcast(y, shape))
    sinks = [both, build.binary("lt", x, both), build.cast(both, float32)]
    arrays = [values(shape, dtype), values(shape[-1:], dtype)]
    agree(sinks[:1], [x, y], arrays, tolerance(dtype))
    agree(sinks, [x, y], arrays, tolerance(dtype))


@pytest.mark.parametrize("shape", [(9, 4000), (37, 200), (37, 203), (300, 130)])
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16], ids=lambda d: d.name)
def test_rows(shape: tuple[int, ...], dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    x = build.input(0, shape, dtype)
    out = centred(x)
    agree([out, build.reduce(out, "max", (1,))], [x], [values(shape, dtype)], 30 * tolerance(dtype))


def test_over_its_own_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    x = build.input(0, (50, 80), float32)
    array = values((50, 80), float32)
    double = build.binary("add", x, x)
    (got,) = run_compiled([double], [x], [array], donatable=frozenset((0,)))
    np.testing.assert_array_equal(got, array + array)


def test_which_are_streamed() -> None:
    wide = cpu.host().isa in ("avx2", "avx512")
    x = build.input(0, (4096, 4096), float32)
    plain = schedule(build.unary("abs", x), ())
    assert plain.streamed == wide
    assert ("!nontemporal" in text_of(plain)) == wide
    rows = schedule(centred(x), (1,))
    assert rows.by_rows and rows.streamed == wide
    assert ("!nontemporal" in text_of(rows)) == wide
    small = build.input(0, (1000, 4096), float32)
    for other in (
        build.unary("abs", small),
        build.unary("tanh", x),  # takes longer than to move it
        build.binary("lt", x, build.const(0, x.shape, float32)),  # a quarter of the bytes
        build.permute(x, (1, 0)),
    ):
        assert not schedule(other, ()).streamed


def test_which_rows_ask_for_the_next() -> None:
    """Long ones that are read twice, of arrays beyond the caches."""
    cases = {(4096, 4096): True, (16384, 1024): False, (1024, 4096): False, (16, 1 << 20): False}
    for shape, wanted in cases.items():
        x = build.input(0, shape, float32)
        assert schedule(softmax(x, 1), (1,)).fetches == ("rows" if wanted else ""), shape
    assert not schedule(softmax(build.input(0, (4096, 4096), float32), 0), (0,)).fetches


@pytest.mark.parametrize("shape", [(9, 140), (5, 333), (3, 7, 129)])
def test_the_next_row_changes_nothing(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row asks for one that is not there."""
    monkeypatch.setattr(stream, "LONG", 1)
    monkeypatch.setattr(stream, "LARGE", 1)
    axis = len(shape) - 1
    x = build.input(0, shape, float32)
    node = softmax(build.binary("mul", x, x), axis)
    assert schedule(node, (axis,)).fetches == "rows"
    agree([node], [x], [values(shape, float32)], 1e-6)


@pytest.mark.parametrize("shape", [(130, 70), (3, 40, 200), (2, 16, 33, 17)])
@pytest.mark.parametrize("dtype", [int8, bfloat16], ids=lambda each: each.name)
def test_tiles_that_ask_for_the_next(
    shape: tuple[int, ...], dtype: DType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BEYOND", 1)
    rank = len(shape)
    x = build.input(0, shape, dtype)
    turned = build.permute(x, (*range(rank - 2), rank - 1, rank - 2))
    y = build.input(1, turned.shape, dtype)
    node = build.binary("add", turned, y)
    assert schedule(node, ()).fetches == "tiles"
    agree([node], [x, y], [values(shape, dtype), values(turned.shape, dtype)], 0)


def test_which_tiles_ask() -> None:
    def found(shape: tuple[int, int]) -> str:
        return schedule(build.permute(build.input(0, shape, bfloat16), (1, 0)), ()).fetches

    assert found((4096, 4098)) == "tiles"
    assert not found((4096, 4096))
    assert not found((256, 256))
    assert not found((1 << 20, 4))
