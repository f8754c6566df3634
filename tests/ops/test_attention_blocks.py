"""Attention of long sequences in blocks of queries: the same numbers, never all scores at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import bool_, float32, float64
from rushlight.compiler import compile_graph
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
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


@pytest.mark.parametrize("mask", ["", "drop"])
@pytest.mark.parametrize(("queries", "keys"), [(70, 70), (33, 70), (70, 33), (32, 1)])
def test_bands_below_the_diagonal_are_the_whole(
    mask: str, queries: int, keys: int, monkeypatch: Any
) -> None:
    def graph(size: int) -> tuple[list[Node], list[Node]]:
        monkeypatch.setattr(family, "SMALL_BLOCK", size)
        inputs = [build.input(n, (2, rows, 4), float64) for n, rows in enumerate((queries, keys))]
        inputs.append(build.input(2, (2, keys, 4), float64))
        drop = build.input(3, (2, queries, keys), bool_) if mask else None
        out = attention(*inputs, None, drop, 0.6, True, None, False)
        total = build.reduce(build.binary("mul", out, out), "sum", (0, 1, 2))
        slopes = cotangents([total], [build.const(1, (), float64)], inputs)
        inputs += [] if drop is None else [drop]
        return [out, *(slope for slope in slopes if slope is not None)], inputs

    whole, inputs = graph(queries)
    bands, _ = graph(16)
    rng = np.random.default_rng(0)
    arrays = [
        rng.uniform(size=x.shape) < 0.6 if x.dtype is bool_ else rng.uniform(-2, 2, x.shape)
        for x in inputs
    ]
    for ours, theirs in zip(interpret(bands, arrays), interpret(whole, arrays), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_scores_above_the_diagonal_are_not_computed() -> None:
    inputs = [build.input(n, (2, 256, 8), float32) for n in range(3)]
    out = attention(*inputs, None, None, 1.0, True, None, False)
    scores = [node for node in toposort([out]) if node.op == "dot" and node.shape[-1] != 8]
    assert sum(node.size for node in scores) == 2 * 64 * 64 * (1 + 2 + 3 + 4)


def test_memory_grows_with_the_sequence_not_its_square() -> None:
    """Forward and backward of 2048 positions: less than one matrix of scores."""

    inputs = [build.input(n, (2, 2048, 8), float32) for n in range(3)]
    out = attention(*inputs, None, None, 1.0, True, None, False)
    total = build.reduce(out, "sum", (0, 1, 2))
    slopes = cotangents([total], [build.const(1, (), float32)], inputs)
    plan = compile_graph([out, *(slope for slope in slopes if slope is not None)], inputs, [])
    assert plan.arena_bytes < 2 * 2048 * 2048 * 4
