"""Which exponentials are only terms of a sum, and that the sum is as good as with others."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import float32
from rushlight.compiler.loops.terms import find_shares, find_terms
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.runtime import cpu
from tests.compiler.loops.test_panel import again, schedule
from tests.compiler.run_plan import run_compiled


def exponentials(x: Node, axis: int) -> Node:
    top = again(build.reduce(x, "max", (axis,)), x, (axis,))
    return build.unary("exp", build.binary("sub", x, top))


def total(e: Node, axis: int) -> Node:
    return again(build.reduce(e, "sum", (axis,)), e, (axis,))


def phases(node: Node, axis: int) -> list[int]:
    return sorted(value.phase for value in find_terms(schedule(node, (axis,))))


@pytest.mark.parametrize("axis", [0, 1])
def test_which(axis: int) -> None:
    x = build.input(0, (300, 900), float32)
    e = exponentials(x, axis)
    assert phases(build.binary("sub", x, build.unary("log", total(e, axis))), axis) == [1]
    assert phases(build.binary("div", e, total(e, axis)), axis) == []  # waits for the last pass
    assert phases(build.binary("sub", total(e, axis), e), axis) == []
    weighted = total(build.binary("mul", e, x), axis)
    assert phases(build.binary("sub", x, build.binary("add", total(e, axis), weighted)), axis) == []
    largest = again(build.reduce(e, "max", (axis,)), x, (axis,))
    assert phases(build.binary("sub", x, build.binary("add", total(e, axis), largest)), axis) == []
    # a sum that may be as small as its terms
    other = build.unary("exp", build.unary("neg", build.unary("abs", x)))
    assert phases(build.binary("sub", x, total(other, axis)), axis) == []


@pytest.mark.skipif(cpu.host().isa == "portable", reason="dear exponentials wait in memory there")
def test_shares() -> None:
    """Products whose exponential and reciprocal have no other use, in panels only."""

    def found(axis: int, *others: str) -> int:
        x = build.input(0, (4096, 4096), float32)
        e = exponentials(x, axis)
        part = build.unary("reciprocal", build.reduce(e, "sum", (axis,)))
        wide = again(part, x, (axis,))
        made = build.binary("mul", e, wide)
        if "exponential" in others:
            made = build.binary("add", made, build.unary("sqrt", e))
        if "reciprocal" in others:
            made = build.binary("add", made, wide)
        return len(find_shares(schedule(made, (axis,))))

    assert found(0) == 1
    assert found(1) == found(0, "exponential") == found(0, "reciprocal") == 0


@pytest.mark.parametrize(("axis", "shape"), [(1, (40, 3000)), (0, (3000, 80)), (1, (700, 10))])
def test_the_sum_is_as_good(axis: int, shape: tuple[int, int]) -> None:
    x = build.input(0, shape, float32)
    array = (9 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    array[:, 3] = -np.inf
    log = build.unary("log", total(exponentials(x, axis), axis))
    if axis == 0:
        array[:, 3] = 0
    (got,) = run_compiled([build.binary("add", log, build.const(0, shape, float32))], [x], [array])
    wide = array.astype(np.float64)
    exact = np.exp(wide - wide.max(axis, keepdims=True)).sum(axis, keepdims=True)
    np.testing.assert_allclose(got, np.broadcast_to(np.log(exact), shape), 8e-7, 8e-7)
