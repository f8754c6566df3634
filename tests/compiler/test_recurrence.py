"""Loops: compiled is interpreted; what does not change from step to step runs once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import float32, float64
from rushlight.compiler import compile_graph
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from rushlight.ir.loop import loop
from rushlight.ir.text import from_text, to_text
from rushlight.ir.verify import verify
from rushlight.ops.derive import cotangents
from tests.compiler.run_plan import run_compiled


def _net(steps: int, reverse: bool, kept: bool, dtype: Any = float32) -> tuple[Any, Any, list[Any]]:
    """s' = tanh(x W + s V), t' = t + s': rows (N, 3), a batch of 20 so that V is packed."""
    x, s, t = (build.input(k, (20, 3), dtype) for k in range(3))
    v = build.input(3, (5, 3), dtype)
    wide = build.dot(x, build.permute(v, (1, 0)))
    new = build.unary("tanh", build.binary("add", build.dot(wide, v), s))
    body = [new, build.binary("add", t, new), build.binary("mul", new, x)]
    rows = build.input(0, (steps, 20, 3), dtype)
    starts = [build.input(k, (20, 3), dtype) for k in (1, 2)]
    weight = build.input(3, (5, 3), dtype)
    made = loop(
        body, [rows], starts, [weight], steps=steps, kept=[kept, False], reverse=reverse,
        dtype=dtype,
    )  # fmt: skip
    return *made, [rows, *starts, weight]


def _arrays(inputs: list[Node]) -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, node.shape).astype(node.dtype.np) for node in inputs]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("steps", [1, 4])
def test_compiled_is_interpreted(steps: int, kept: bool, reverse: bool) -> None:
    node, form, inputs = _net(steps, reverse, kept)
    sinks = [form.final(node, 0), form.final(node, 1), form.after(node, 2)]
    if kept:
        sinks += [form.before(node, 0), form.after(node, 0)]
    verify(sinks)
    arrays = _arrays(inputs)
    wanted = interpret(sinks, arrays)
    for ours, theirs in zip(run_compiled(sinks, inputs, arrays), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kept", [False, True])
def test_its_derivative(kept: bool) -> None:
    """Against differences, in float64, through every result."""
    node, form, inputs = _net(3, False, kept, float64)
    last = build.binary("mul", form.final(node, 0), form.final(node, 1))
    total = build.binary(
        "add",
        build.reduce(last, "sum", (0, 1)),
        build.reduce(form.after(node, 2), "sum", (0, 1, 2)),
    )
    seed = build.const(1, (), float64)
    slopes = cotangents([total], [seed], inputs)
    arrays = _arrays(inputs)
    found = interpret([slope for slope in slopes if slope is not None], arrays)
    rng = np.random.default_rng(1)
    for place, slope in enumerate(found):
        direction = rng.uniform(-1, 1, slope.shape)
        values = []
        for sign in (1, -1):
            moved = [
                a + (sign * 1e-6 * direction if k == place else 0) for k, a in enumerate(arrays)
            ]
            values.append(float(interpret([total], moved)[0]))
        assert (values[0] - values[1]) / 2e-6 == pytest.approx((slope * direction).sum(), rel=1e-6)


def test_commands_grow_by_the_step_only() -> None:
    """The weight is packed once, and a step is the same launches each time."""
    counts = []
    for steps in (10, 11, 12):
        node, form, inputs = _net(steps, False, True)
        plan = compile_graph([form.after(node, 0)], inputs, [])
        counts.append(len(plan.labels))
    assert counts[2] - counts[1] == counts[1] - counts[0] <= 4
    assert sum(label.startswith("pack") for label in plan.labels) <= 2


def test_text_reads_back() -> None:
    node, _, _ = _net(2, True, True)
    assert to_text(from_text(to_text([node]))) == to_text([node])


@pytest.mark.parametrize("batch", [3, 5, 20, 40])
def test_a_reused_factor_packed_or_not(batch: int) -> None:
    """Few rows, rows that have a tile of their own, and many: the same product."""
    x = build.input(0, (batch, 70), float32)
    rows, weight = build.input(0, (3, batch, 70), float32), build.input(2, (70, 50), float32)
    start = build.input(1, (batch, 50), float32)
    body = [build.dot(x, build.input(2, (70, 50), float32))]
    node, form = loop(
        body, [rows], [start], [weight], steps=3, kept=[True], reverse=False, dtype=float32
    )
    inputs = [rows, start, weight]
    arrays = _arrays(inputs)
    [ours] = run_compiled([form.after(node, 0)], inputs, arrays)
    np.testing.assert_allclose(ours, arrays[0] @ arrays[2], rtol=1e-4, atol=1e-5)
