"""What is computed again rather than read: which arrays kernels read, and that numbers stay."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import float32
from rushlight.compiler.passes import reads
from rushlight.compiler.passes.again import again
from rushlight.compiler.passes.fuse import Group, fuse
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.random_graphs import check
from tests.compiler.run_plan import run_compiled

SHAPE = (2, 5, 6, 8)


def spread(row: Node) -> Node:
    return build.expand(build.reshape(row, (1, 1, 1, SHAPE[-1])), SHAPE)


def conv(x: Node, w: Node) -> Node:
    return build.conv(x, w, (1, 1), ((0, 0), (0, 0)), (1, 1))


def norm_and_relu(other: Node | None = None) -> tuple[list[Node], list[Node]]:
    """A normalised convolution, a ReLU, and its backward pass: (inputs, results). ``other`` is
    added before the ReLU."""
    image, w, v = (
        build.input(place, shape, float32)
        for place, shape in enumerate([SHAPE, (8, 8, 1, 1), (8, 8, 1, 1)])
    )
    mean, scale, shift = (build.input(3 + place, SHAPE[-1:], float32) for place in range(3))
    x = conv(image, w)
    gap = build.binary("sub", x, spread(mean))
    y = build.binary("add", build.binary("mul", gap, spread(scale)), spread(shift))
    if other is not None:
        y = build.binary("add", y, other)
    zero = build.const(0, SHAPE, float32)
    y = build.binary("maximum", y, zero)
    result = conv(y, v)
    g = conv(result, v)
    masked = build.where(build.binary("le", y, zero), zero, g)
    total = build.reduce(masked, "sum", (0, 1, 2))
    product = build.reduce(build.binary("mul", masked, gap), "sum", (0, 1, 2))
    slope = build.binary("sub", masked, spread(total))
    slope = build.binary("sub", slope, build.binary("mul", gap, spread(product)))
    return [image, w, v, mean, scale, shift], [result, total, product, conv(slope, w)]


def large(group: Group) -> set[str]:
    return {node.op for node in group.reads if node.shape == SHAPE}


def loop_kernels(results: list[Node]) -> list[Group]:
    groups, _ = fuse(again(simplify(results)))
    return [group for group in groups if group.builder is not None and group.outputs]


@pytest.fixture(autouse=True)
def any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "LARGE", 0)


def test_the_backward_of_a_norm_reads_no_mask_and_stores_none() -> None:
    _, results = norm_and_relu()
    relu, *backward = loop_kernels(results)
    assert [node.op for node in relu.outputs] == ["maximum"]
    for group in backward:
        assert large(group) == {"conv"}
        assert {node.op for node in group.outputs} <= {"reduce", "sub"}


def test_small_arrays_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "LARGE", 1 << 16)
    _, results = norm_and_relu()
    graph = simplify(results)
    assert again(graph) is graph


def test_what_would_need_another_array_is_read() -> None:
    other = build.input(6, SHAPE, float32)
    _, results = norm_and_relu(other)
    graph = simplify(results)
    assert again(graph) is graph


def test_the_numbers_stay() -> None:
    inputs, results = norm_and_relu()
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(node.shape).astype(np.float32) for node in inputs]
    arrays[0][0, 0, 0] = np.nan
    expected = interpret(results, arrays)
    copied = interpret(again(simplify(results)), arrays)
    for got, one, wanted in zip(
        run_compiled(results, inputs, arrays), copied, expected, strict=True
    ):
        np.testing.assert_array_equal(one, wanted)
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_drawn_graphs(first: int) -> None:
    wrong = []
    for seed in range(first, first + 50):
        try:
            wrong.append(check(seed))
        except NotImplementedError:
            continue
    assert not any(wrong), "\n".join(filter(None, wrong))
