"""The compiler as the engine sees it: places of results, updates in place, errors, reuse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from rushlight.base.dtype import bool_, complex64, complex128, float32, float64, int64
from rushlight.base.dtype import dtype as DType
from rushlight.compiler import Fresh, SameAs, SameAsOutput, compile_graph
from rushlight.compiler.loops.lower import texts
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import Array, Failed, run_compiled


def agree(
    sinks: Sequence[Node],
    inputs: Sequence[Node],
    arrays: Sequence[Array],
    donatable: frozenset[int] = frozenset(),
) -> None:
    wanted = interpret(sinks, arrays)
    results = run_compiled(sinks, inputs, arrays, donatable=donatable)
    for got, expected in zip(results, wanted, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def arrays_of(*shapes: tuple[int, ...]) -> tuple[list[Node], list[Array]]:
    rng = np.random.default_rng(7)
    arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    return [build.input(k, shape, float32) for k, shape in enumerate(shapes)], arrays


def test_an_input_as_a_result_costs_nothing() -> None:
    [x], _ = arrays_of((6,))
    plan = compile_graph([x, build.reshape(x, (2, 3)), x], [x], [])
    assert plan.outputs == (SameAs(0), SameAsOutput(0), SameAsOutput(0))
    assert plan.labels == ()


def test_equal_results_share_memory() -> None:
    [x], _ = arrays_of((6,))
    plan = compile_graph([build.unary("exp", x), build.unary("exp", x)], [x], [])
    assert plan.outputs == (Fresh(3, 24), SameAsOutput(0))


def adam(p: Node, m: Node, v: Node, g: Node) -> list[Node]:
    def number(value: float) -> Node:
        return build.const(value, p.shape, float32)

    first = build.binary(
        "add", build.binary("mul", m, number(0.9)), build.binary("mul", g, number(0.1))
    )
    square = build.binary("mul", build.binary("mul", g, g), number(0.001))
    second = build.binary("add", build.binary("mul", v, number(0.999)), square)
    root = build.binary("add", build.unary("sqrt", second), number(1e-8))
    step = build.binary("mul", build.binary("div", first, root), number(0.01))
    return [build.binary("sub", p, step), first, second]


def test_adam_updates_in_place() -> None:
    inputs, arrays = arrays_of((40, 3), (40, 3), (40, 3), (40, 3))
    arrays[2] = np.abs(arrays[2])
    sinks = adam(*inputs)
    plan = compile_graph(sinks, inputs, [], frozenset((0, 1, 2)))
    assert {output.index for output in plan.outputs if isinstance(output, SameAs)} == {0, 1, 2}
    assert plan.arena_bytes == 0
    agree(sinks, inputs, arrays, frozenset((0, 1, 2)))


def test_gradient_accumulation_is_in_place() -> None:
    (total, x, w), arrays = arrays_of((5, 4), (5, 3), (3, 4))
    sinks = [build.binary("add", total, build.dot(x, w))]
    plan = compile_graph(sinks, [total, x, w], [], frozenset((0,)))
    assert plan.outputs == (SameAs(0),)
    agree(sinks, [total, x, w], arrays, frozenset((0,)))


def test_what_is_read_later_is_not_overwritten() -> None:
    (x, w), arrays = arrays_of((4, 4), (4, 4))
    doubled = build.binary("add", x, x)
    sinks = [doubled, build.dot(doubled, x)]
    plan = compile_graph(sinks, [x, w], [], frozenset((0,)))
    assert not any(isinstance(output, SameAs) for output in plan.outputs)
    agree(sinks, [x, w], arrays, frozenset((0,)))


def test_a_shifted_read_is_not_overwritten() -> None:
    [x], arrays = arrays_of((9,))
    flipped = build.slice(x, (8,), (9,), (-1,))
    sinks = [build.binary("add", x, flipped)]
    agree(sinks, [x], arrays, frozenset((0,)))
    assert isinstance(compile_graph(sinks, [x], [], frozenset((0,))).outputs[0], Fresh)


def test_softmax_over_its_own_input() -> None:
    # The second pass must not read what the first one wrote over.
    [x], arrays = arrays_of((70, 33))
    top = build.expand(build.reshape(build.reduce(x, "max", (1,)), (70, 1)), x.shape)
    power = build.unary("exp", build.binary("sub", x, top))
    total = build.expand(build.reshape(build.reduce(power, "sum", (1,)), (70, 1)), x.shape)
    agree([build.binary("div", power, total)], [x], arrays, frozenset((0,)))
    agree([build.binary("sub", x, top)], [x], arrays, frozenset((0,)))


def test_slice_set_on_a_donated_input_writes_only_the_slice() -> None:
    (x, y), arrays = arrays_of((10, 4), (3, 4))
    sinks = [build.slice_set(x, y, (2, 0), (1, 1))]
    plan = compile_graph(sinks, [x, y], [], frozenset((0,)))
    assert plan.outputs == (SameAs(0),)
    agree(sinks, [x, y], arrays, frozenset((0,)))
    agree(sinks, [x, y], arrays)


def network(batch: int) -> tuple[list[Node], list[Node]]:
    x = build.input(0, (batch, 30), float32)
    w, b = build.input(1, (30, 20), float32), build.input(2, (20,), float32)
    y = build.unary("tanh", build.binary("add", build.dot(x, w), build.broadcast(b, (batch, 20))))
    mean = build.binary("div", build.reduce(y, "sum", (0,)), build.const(batch, (20,), float32))
    top = build.expand(build.reshape(build.reduce(y, "max", (1,)), (batch, 1)), y.shape)
    loss = build.reduce(build.unary("exp", build.binary("sub", y, top)), "sum", (0, 1))
    return [loss, mean, build.permute(y, (1, 0))], [x, w, b]


def test_another_batch_size_needs_no_other_loop_kernel() -> None:
    sinks, inputs = network(64)
    compile_graph(sinks, inputs, [])
    known = dict(texts.kernels)
    for batch in (57, 100, 33):
        sinks, inputs = network(batch)
        compile_graph(sinks, inputs, [])
    assert set(texts.kernels) == set(known)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 4)])
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    [x], arrays = arrays_of(shape)
    sinks = [
        build.unary("exp", x),
        build.reduce(x, "sum", (0,)),
        build.permute(x, tuple(range(x.ndim))[::-1]),
    ]
    agree(sinks, [x], arrays)


def test_numbers_as_results_and_operands() -> None:
    [x], arrays = arrays_of((5,))
    rate = build.scalar(0, float64)
    flag = build.scalar(1, bool_)
    scaled = build.binary("mul", x, build.broadcast(build.cast(rate, float32), (5,)))
    chosen = build.where(build.broadcast(flag, (5,)), scaled, x)
    sinks = [chosen, rate, build.reshape(flag, (1,)), build.const(3, (2,), int64)]
    results = run_compiled(sinks, [x], arrays, [rate, flag], [0.5, True])
    np.testing.assert_allclose(results[0], arrays[0] * np.float32(0.5))
    assert [result.tolist() for result in results[1:]] == [0.5, [True], [3, 3]]


def test_division_of_whole_numbers_by_zero_is_code_2() -> None:
    x = build.input(0, (40,), int64)
    y = build.input(1, (40,), int64)
    sinks = [build.binary("floordiv", x, y)]
    numbers = np.arange(40)
    agree(sinks, [x, y], [numbers, numbers + 1])
    with pytest.raises(Failed, match="code 2"):
        run_compiled(sinks, [x, y], [numbers, numbers])


def test_what_has_no_lowering_is_named() -> None:
    x, w = build.input(0, (1, 6, 6, 2), int64), build.input(1, (3, 2, 3, 3), int64)
    product = build.conv(x, w, (1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(NotImplementedError, match=r"conv.*no lowering for i64"):
        compile_graph([product], [x, w], [])


def test_complex_numbers_are_host_calls_in_a_plan() -> None:
    x = build.input(0, (4,), complex64)
    plan = compile_graph([build.unary("exp", x)], [x], [])
    assert plan is not None


@pytest.mark.parametrize("kind", [complex64, complex128])
@pytest.mark.parametrize(
    ("left", "right"),
    [((3, 4), (4, 5)), ((2, 3, 17), (2, 17, 1)), ((0, 2), (2, 3)), ((2, 0), (0, 3))],
)
def test_products_of_complex_matrices_are_compiled(
    kind: DType, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    inputs = [build.input(k, shape, kind) for k, shape in enumerate((left, right))]
    arrays = [
        (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(kind.np)
        for shape in (left, right)
    ]
    product = build.dot(*inputs)
    agree([product], inputs, arrays)


def test_a_product_of_complex_matrices_is_one_of_real_ones() -> None:
    x, y = build.input(0, (30, 40), complex64), build.input(1, (40, 50), complex64)
    plan = compile_graph([build.dot(x, y)], [x, y], [])
    assert "matmul 1x30x80x100 f32" in plan.labels


def test_the_user_s_line_is_found_from_the_command() -> None:
    x = build.input(0, (4,), int64)
    index = build.input(1, (2,), int64)
    node = build.take(x, index, 0)
    marked = Node(node.op, node.src, node.shape, node.dtype, {**node.attrs, "site": "train.py:7"})
    plan = compile_graph([build.unary("neg", marked)], [x, index], [])
    assert plan.site(0) == "train.py:7"


def test_the_arena_is_reused() -> None:
    [x], _ = arrays_of((64, 64))
    y = x
    for _ in range(6):
        y = build.dot(y, y)
    plan = compile_graph([y], [x], [])
    # two products alive at a time, and one packed operand
    assert plan.arena_bytes <= 4 * x.nbytes


def dtype_cases() -> list[DType]:
    return [float32, float64]


@pytest.mark.parametrize("dtype", dtype_cases())
def test_long_sums_are_as_accurate_as_blocks(dtype: DType) -> None:
    values = np.full(1 << 20, 0.1, dtype.np)
    x = build.input(0, values.shape, dtype)
    columns = build.reshape(x, (1 << 16, 16))
    total, by_column = run_compiled(
        [build.reduce(x, "sum", (0,)), build.reduce(columns, "sum", (0,))], [x], [values]
    )
    exact = float(values[0]) * len(values)
    assert abs(float(total) - exact) <= 1e-6 * exact  # one by one: 1e-3
    np.testing.assert_allclose(by_column, exact / 16, rtol=1e-6)


def test_a_python_number_is_never_written_over() -> None:
    [x], arrays = arrays_of((1,))
    number = build.scalar(0, float64)
    place = build.reshape(number, (1,))
    changed = build.slice_set(build.binary("add", place, place), build.cast(x, float64), (0,), (1,))
    update = build.as_strided_set(place, build.cast(x, float64), (1,), 0)
    results = run_compiled([update, changed, place], [x], arrays, [number], [2.0])
    assert results[2].tolist() == [2.0]


def test_long_chains_compile() -> None:
    [x], arrays = arrays_of((20,))
    y = x
    for _ in range(1500):
        y = build.binary("add", build.binary("mul", y, build.const(0.99, (20,), float32)), x)
    agree([y], [x], arrays)


def test_what_waits_in_the_place_of_an_input_is_written_after_the_input_is_read() -> None:
    """The quotient is costly, needed by the sum and after it: it waits where the result will be,
    and that may be in the memory of the other factor, which the sum reads too."""
    nodes, arrays = arrays_of((3, 4), (3, 4), (3, 1))
    other, x, size = nodes
    quotient = build.binary("div", x, build.expand(size, (3, 4)))
    for terms in ((quotient, other), (other, quotient)):
        product = build.binary("mul", *terms)
        for axes in ((1,), (0, 1)):
            total = build.reduce(product, "sum", axes)
            kept = tuple(1 if k in axes else n for k, n in enumerate(product.shape))
            wide = build.expand(build.reshape(total, kept), product.shape)
            result = build.binary("mul", wide, quotient)
            agree([result], nodes, arrays, frozenset({0}))
