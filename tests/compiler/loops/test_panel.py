"""Reductions of many columns, and of many narrow rows, against the interpreter."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.dtype import bfloat16, bool_, float32, float64, int8, int32
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.loops import online, stream
from rushlight.compiler.loops.build import Builder, Space
from rushlight.compiler.loops.decide import decide
from rushlight.compiler.loops.schedule import Schedule
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.run_plan import run_compiled

COLUMNS = [(0, (40, 700)), (0, (2100, 131)), (1, (3, 50, 333))]
NARROW = [(1, (300, 10)), (1, (131, 16)), (2, (7, 30, 3))]


def again(row: Node, like: Node, axes: tuple[int, ...]) -> Node:
    kept = [1 if axis in axes else size for axis, size in enumerate(like.shape)]
    return build.broadcast(build.reshape(row, tuple(kept)), like.shape)


def softmax(x: Node, axis: int) -> Node:
    top = again(build.reduce(x, "max", (axis,)), x, (axis,))
    e = build.unary("exp", build.binary("sub", x, top))
    total = again(build.reduce(e, "sum", (axis,)), x, (axis,))
    return build.binary("div", e, total)


def shares(x: Node, axis: int) -> Node:
    """softmax as the operation writes it: times the reciprocal of the sum."""
    top = again(build.reduce(x, "max", (axis,)), x, (axis,))
    e = build.unary("exp", build.binary("sub", x, top))
    part = build.unary("reciprocal", build.reduce(e, "sum", (axis,)))
    return build.binary("mul", e, again(part, x, (axis,)))


@pytest.mark.parametrize(("axis", "shape"), COLUMNS + NARROW)
@pytest.mark.parametrize(
    "dtype", [float32, float64, bfloat16, int32, bool_], ids=lambda each: each.name
)
@pytest.mark.parametrize("large", [False, True])
def test_every_kind(
    axis: int, shape: tuple[int, ...], dtype: DType, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``large``: rows stream past whole, as those of large arrays."""
    if large:
        monkeypatch.setattr(stream, "LARGE", 1)
    x = build.input(0, shape, dtype)
    kinds = ["max", "min", "any", "all", "argmax", "argmin", *(["sum"] if dtype != bool_ else [])]
    sinks = [build.reduce(x, kind, (axis,)) for kind in kinds]
    sinks += [build.reduce(build.unary("neg", x), "max", (axis,))] if dtype != bool_ else []
    agree(sinks, [x], [values(shape, dtype)], 30 * tolerance(dtype))


@pytest.mark.parametrize("dtype", [float32, bool_, int8], ids=lambda each: each.name)
def test_rows_stream_past_for_flags_too(dtype: DType) -> None:
    x = build.input(0, (64, 700), dtype)
    for kind in ("any", "all"):
        assert schedule(again(build.reduce(x, kind, (0,)), x, (0,)), (0,)).panel


@pytest.mark.parametrize(("axis", "shape"), COLUMNS + NARROW)
def test_what_needs_several_passes(axis: int, shape: tuple[int, ...]) -> None:
    x = build.input(0, shape, float32)
    shares = softmax(x, axis)
    agree([shares, build.reduce(shares, "max", (axis,))], [x], [values(shape, float32)], 1e-5)


def test_sums_of_whole_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more columns than other panels have, no whole groups of rows, and two stages."""
    monkeypatch.setattr(stream, "LARGE", 1)
    wide = build.input(0, (45, 4100), float32)
    assert not schedule(build.reduce(wide, "sum", (0,)), (0,), wide.shape).row_by_row
    for shape in ((45, 4096), (2100, 260), (70, 4001)):
        x = build.input(0, shape, float32)
        node = build.reduce(x, "sum", (0,))
        chosen = schedule(node, (0,), shape)
        assert chosen.row_by_row
        assert chosen.panel_columns == (stream.PANEL, stream.WHOLE)
        array = values(shape, float32)
        (found,) = run_compiled([node], [x], [array])
        exact = array.astype(np.float64).sum(0)
        np.testing.assert_allclose(found, exact, atol=2e-7 * np.abs(array).sum(0).max())


@pytest.mark.parametrize(("axis", "shape"), COLUMNS)
def test_flags_between_passes_are_made_again(axis: int, shape: tuple[int, ...]) -> None:
    x = build.input(0, shape, float32)
    top = build.reduce(x, "max", (axis,))
    large = build.binary("lt", build.const(1.5, top.shape, float32), top)
    shift = build.where(large, top, build.unary("neg", top))
    e = build.unary("exp", build.binary("sub", x, again(shift, x, (axis,))))
    chosen = build.where(again(large, x, (axis,)), e, x)
    agree([build.reduce(chosen, "sum", (axis,)), large], [x], [values(shape, float32)], 1e-4)


@pytest.mark.parametrize(("axis", "shape"), [(0, (40, 700)), (1, (300, 10)), (1, (12, 2111))])
def test_nan_wins_and_the_first_of_equals(axis: int, shape: tuple[int, int]) -> None:
    array = np.random.default_rng(0).integers(0, 3, shape).astype(np.float32)
    array[7, 3] = np.nan
    array[:, 5] = -np.inf
    x = build.input(0, shape, float32)
    sinks = [build.reduce(x, kind, (axis,)) for kind in ("max", "argmax", "argmin")]
    agree(sinks, [x], [array], 0)


def schedule(node: Node, reduced: tuple[int, ...], over: tuple[int, ...] = ()) -> Schedule:
    builder = Builder(Space(over or node.shape, reduced, {}), lambda each: each.op == "input")
    builder.add_root(node)
    return decide(builder.space, [(node, *builder.roots[node])], cpu.host())


def test_which_form_is_chosen() -> None:
    tall = schedule(softmax(build.input(0, (500, 900), float32), 0), (0,))
    assert tall.panel
    assert not tall.by_rows
    narrow = schedule(softmax(build.input(0, (500, 9), float32), 1), (1,))
    assert narrow.narrow
    assert not narrow.by_rows
    rows = schedule(softmax(build.input(0, (500, 900), float32), 1), (1,))
    assert rows.by_rows


@pytest.mark.parametrize("shape", [(40, 704), (2100, 136), (40, 700), (17, 131), (3, 50, 320)])
@pytest.mark.parametrize("dtype", [float32, float64, bfloat16], ids=lambda each: each.name)
def test_stored_past_the_caches(
    shape: tuple[int, ...], dtype: DType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole vectors and tails, aligned rows and others; the same as stored into them."""
    monkeypatch.setattr(stream, "LARGE", 1)
    axis = len(shape) - 2
    x = build.input(0, shape, dtype)
    array = values(shape, dtype)
    sign = build.where(
        build.binary("lt", x, again(build.reduce(x, "max", (axis,)), x, (axis,))),
        build.const(1, shape, int8),
        build.const(2, shape, int8),
    )
    agree([softmax(x, axis), sign], [x], [array], 30 * tolerance(dtype))
    agree([sign], [x], [array], 0)


def test_which_results_are_stored_past_the_caches() -> None:
    wide = cpu.host().isa in ("avx2", "avx512")
    large = schedule(softmax(build.input(0, (4096, 4096), float32), 0), (0,))
    assert large.streamed == wide
    assert not large.saved or not wide  # exponentials are computed again, not written and read
    odd = schedule(softmax(build.input(0, (4096, 4097), float32), 0), (0,))
    assert (odd.streamed, odd.shifted, large.shifted) == (wide, wide, False)
    assert not schedule(softmax(build.input(0, (1000, 4096), float32), 0), (0,)).streamed
    costly = build.unary("tanh", build.input(0, (4096, 4096), float32))
    assert not schedule(softmax(costly, 0), (0,)).streamed


@pytest.mark.parametrize("shape", [(40, 704), (2100, 136), (40, 700), (17, 131), (3, 50, 320)])
def test_largest_and_sum_of_exponentials_in_one_pass(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """-inf alone and before numbers, inf, NaN, and a largest that grows from row to row."""
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(online, "LARGE", 1)
    rng = np.random.default_rng(3)
    axis = len(shape) - 2
    x = build.input(0, shape, float32)
    top = build.reduce(x, "max", (axis,))
    e = build.unary("exp", build.binary("sub", x, again(top, x, (axis,))))
    total = build.reduce(e, "sum", (axis,))
    below = build.binary("sub", x, again(top, x, (axis,)))
    logs = build.binary("sub", below, again(build.unary("log", total), x, (axis,)))
    assert schedule(logs, (axis,)).joined
    sinks = [total, top, logs]
    drawn = rng.standard_normal(shape).astype(np.float32)
    special = drawn.copy()
    special[rng.random(shape) < 0.3] = -np.inf
    special[..., :9, 3:40] = -np.inf
    special[..., 3], special[..., 4], special[..., 11, 5] = -np.inf, np.nan, np.inf
    special[..., 12, 6], special[..., 7, 7], special[..., 13, 7] = np.nan, np.inf, np.nan
    for array in (drawn, np.sort(drawn, axis), 40 * drawn, special):
        with np.errstate(invalid="ignore"):
            agree(sinks, [x], [array.astype(np.float32)], 2e-6)


def test_a_sum_below_an_earlier_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest grows by less and by more than ``FAR`` after the first rows; no term is above 1,
    and the largest is one.
    """
    monkeypatch.setattr(online, "LARGE", 1)
    shape = (64, 300)
    x = build.input(0, shape, float32)
    top = build.reduce(x, "max", (0,))
    below = build.binary("sub", x, again(top, x, (0,)))
    total = build.reduce(build.unary("exp", below), "sum", (0,))
    assert schedule(build.binary("mul", below, again(total, x, (0,))), (0,)).joined
    array = np.full(shape, -200, np.float32)
    array[:8] = 0
    array[20] = np.linspace(0, 3 * online.FAR, 300, dtype=np.float32)
    array[50] = array[20] + 40 * (np.arange(300) % 2)
    array[50, :9] = np.linspace(17, 60, 9)
    array[51:, 9] = np.nan
    array[40, 11] = np.inf
    agree([total, top], [x], [array], 4e-7)
    only = np.full(shape, -np.inf, np.float32)
    only[3], only[30] = -5, np.linspace(-5, 5, 300, dtype=np.float32)
    summed, largest = run_compiled([total, top], [x], [only])
    assert (summed >= 1).all()
    np.testing.assert_array_equal(largest, only[30])
    np.testing.assert_allclose(summed, 1 + np.exp(only[3] - only[30]), rtol=4e-7)


def test_the_sum_of_a_row_has_the_same_bits_in_every_kernel() -> None:
    """Alone it runs in a loop, with what follows in registers."""
    x = build.input(0, (300, 64), float32)
    total = build.reduce(x, "sum", (1,))
    less = build.binary("sub", x, again(total, x, (1,)))
    array = values(x.shape, float32)
    (alone,) = run_compiled([total], [x], [array])
    (together,) = run_compiled([less], [x], [array])
    np.testing.assert_array_equal(together, array - alone[:, None])


def test_what_is_joined() -> None:
    if cpu.host().isa not in ("avx2", "avx512"):
        pytest.skip("exponentials wait in the result: it is not stored past the caches")
    x = build.input(0, (4096, 4096), float32)
    assert schedule(softmax(x, 0), (0,)).joined
    assert not schedule(softmax(build.input(0, (40, 4096), float32), 0), (0,)).joined
    assert not schedule(softmax(x, 1), (1,)).joined
    top = again(build.reduce(x, "max", (0,)), x, (0,))
    e = build.unary("exp", build.binary("sub", x, top))
    other = build.reduce(build.binary("mul", e, x), "sum", (0,))
    both = build.binary("add", build.reduce(e, "sum", (0,)), other)
    assert not schedule(build.binary("sub", x, again(both, x, (0,))), (0,)).joined


def test_streamed_exponentials_are_made_twice() -> None:
    if cpu.host().isa not in ("avx2", "avx512"):
        pytest.skip("nothing is stored past the caches")
    made = schedule(softmax(build.input(0, (256, 1 << 16), float32), 0), (0,))
    assert made.streamed and made.joined and not made.saved


@pytest.mark.parametrize("rows", [16, 100, 256])
@pytest.mark.parametrize("columns", [67, 72, 1000, 1037, 3000])
def test_streamed_shares(rows: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(online, "LARGE", 1)
    shape = (3, rows, columns)
    x = build.input(0, shape, float32)
    array = 9 * values(shape, float32)
    array[0, 3, 5], array[1, :, 7], array[2, 4, 9] = -np.inf, -np.inf, np.nan
    array[0, 0, 6], array[0, 0, 8], array[0, -1, 9] = np.nan, -np.inf, np.inf
    array[2, :, 11] = np.linspace(-900, 900, rows)  # further than ``FAR`` in every group
    with np.errstate(invalid="ignore"):
        agree([softmax(x, 1)], [x], [array], 2e-6)
        agree([shares(x, 1)], [x], [array], 2e-6)


def test_small_shares_are_rounded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Subnormal shares, and zeros below them."""
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(online, "LARGE", 1)
    shape = (1030, 300)
    x = build.input(0, shape, float32)
    array = -np.linspace(0, 110, 1030, dtype=np.float32)[:, None] - np.arange(300, dtype=np.float32)
    (got,) = run_compiled([shares(x, 0)], [x], [array])
    below = (array - array.max(0)).astype(np.float64)
    exact = np.exp(below) / np.exp(below).sum(0)
    np.testing.assert_allclose(got, exact, 4e-7, 1.5e-45)


def test_somebody_elses_memory_need_not_begin_with_a_vector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    memory = np.random.default_rng(0).standard_normal(64 * 352 + 16).astype(np.float32)
    for offset, columns in itertools.product((1, 2, 7, 8, 13), (352, 351, 67)):
        part = memory[offset : offset + 64 * columns].reshape(64, columns)
        wanted = part - part.mean(0)
        x = torch.from_numpy(part)
        x -= x.mean(0)
        x.data_ptr()
        np.testing.assert_allclose(part, wanted, atol=1e-5)


def test_the_largest_array_decides_the_vector() -> None:
    """Batch norm over (N, C, HW): the many small arrays of C elements have no say."""
    x = build.input(0, (8, 64, 256), float32)
    row = [build.input(k, (64,), float32) for k in range(1, 6)]
    out = x
    for each in row:
        wide = build.broadcast(build.reshape(each, (1, 64, 1)), x.shape)
        out = build.binary("mul", out, wide)
    total = again(build.reduce(out, "sum", (0, 2)), x, (0, 2))
    assert schedule(build.binary("sub", out, total), (0, 2)).by_rows


def test_a_quotient_waits_where_the_exponential_will() -> None:
    x = build.input(0, (64, 900), float32)
    eighth = build.binary("div", x, build.input(1, (64, 900), float32))
    made = schedule(softmax(eighth, 1), (1,))
    waiting = {value.op: phase for value, (_, phase) in made.saved.items()}
    assert waiting == {"div": 0, "exp": 1}
    long = schedule(softmax(build.input(0, (4, 1 << 16), float32), 1), (1,))
    assert {value.op for value in long.saved} == {"exp"}


@pytest.mark.parametrize("shape", [(40, 700), (90, 1024), (517, 131), (300, 64), (66, 3000)])
def test_sums_over_several_arrays(shape: tuple[int, ...]) -> None:
    a, b, c = (build.input(number, shape, float32) for number in range(3))
    both = build.binary("add", a, b)
    sums = [
        build.reduce(build.binary("mul", both, c), "sum", (0,)),
        build.reduce(both, "sum", (0,)),
    ]
    rows = values(shape, float32)
    agree([both, *sums], [a, b, c], [rows, rows[::-1].copy(), rows[:, ::-1].copy()], 4e-5)
