"""Attention of long sequences in blocks of queries: the same numbers, never all scores at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import bool_, float32, float64
from rushlight.compiler import compile_graph
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from rushlight.ops import attention as family
from rushlight.ops.attention import attention
from rushlight.ops.derive import cotangents


def _graph(mask: str, causal: bool) -> tuple[list[Node], list[Node]]:
    """The result and its slopes for queries (2, 70, 4), keys (2, 60, 4) or as many."""
    keys = 70 if causal else 60
    q, k, v = (build.input(n, (2, rows, 4), float64) for n, rows in enumerate((70, keys, keys)))
    shapes = {
        "rows": ((70, 60), float64),
        "keys": ((2, 1, 60), bool_),
        "drop": ((2, 70, 60), bool_),
    }
    inputs = [q, k, v]
    given: Node | None = None
    if mask in shapes:
        given = build.input(3, *shapes[mask])
        inputs.append(given)
    dropped = given if mask == "drop" else None
    out = attention(q, k, v, None if dropped else given, dropped, 0.6, causal, None, False)
    total = build.reduce(build.binary("mul", out, out), "sum", (0, 1, 2))
    slopes = cotangents([total], [build.const(1, (), float64)], [q, k, v])
    return [out, *(slope for slope in slopes if slope is not None)], inputs


@pytest.mark.parametrize(
    ("mask", "causal"), [("", False), ("", True), ("rows", False), ("keys", False), ("drop", False)]
)
def test_blocks_are_the_whole(mask: str, causal: bool, monkeypatch: Any) -> None:
    whole, inputs = _graph(mask, causal)
    monkeypatch.setattr(family, "LONG", 50)
    monkeypatch.setattr(family, "BLOCK", 16)
    blocks, _ = _graph(mask, causal)
    rng = np.random.default_rng(0)
    arrays = [
        rng.uniform(size=x.shape) < 0.6 if x.dtype is bool_ else rng.uniform(-2, 2, x.shape)
        for x in inputs
    ]
    for ours, theirs in zip(interpret(blocks, arrays), interpret(whole, arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_memory_grows_with_the_sequence_not_its_square() -> None:
    """Forward and backward of 2048 positions: less than one matrix of scores."""

    inputs = [build.input(n, (2, 2048, 8), float32) for n in range(3)]
    out = attention(*inputs, None, None, 1.0, True, None, False)
    total = build.reduce(out, "sum", (0, 1, 2))
    slopes = cotangents([total], [build.const(1, (), float32)], inputs)
    plan = compile_graph([out, *(slope for slope in slopes if slope is not None)], inputs, [])
    assert plan.arena_bytes < 2 * 2048 * 2048 * 4
