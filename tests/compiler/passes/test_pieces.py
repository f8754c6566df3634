"""Sums of padded pieces become stretches side by side, of the same numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from rushlight.base.dtype import float32
from rushlight.compiler.passes import pieces as family
from rushlight.compiler.passes.pieces import pieces
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import run_compiled


def padded(x: Node, axis: int, lo: int, hi: int) -> Node:
    low, high = [0] * x.ndim, [0] * x.ndim
    low[axis], high[axis] = lo, hi
    return build.pad(x, tuple(low), tuple(high), 0)


def total(leaves: list[Node], rng: random.Random) -> Node:
    """Added up in any order of pairs."""
    leaves = list(leaves)
    while len(leaves) > 1:
        place = rng.randrange(len(leaves) - 1)
        leaves[place : place + 2] = [build.binary("add", *leaves[place : place + 2])]
    return leaves[0]


def drawn(rng: random.Random) -> tuple[list[Node], Node]:
    """Inputs, and the sum of pieces that overlap, leave gaps or fill all."""
    shape = [rng.randint(1, 4), rng.randint(4, 9), rng.randint(1, 5)]
    axis = rng.randrange(3)
    inputs, leaves = [], []
    for number in range(rng.randint(2, 6)):
        first = rng.randint(0, shape[axis])
        last = rng.randint(first, shape[axis])
        own = list(shape)
        own[axis] = last - first
        inputs.append(build.input(number, tuple(own), float32))
        leaves.append(padded(inputs[-1], axis, first, shape[axis] - last))
    return inputs, total(leaves, rng)


@pytest.mark.parametrize("seed", range(60))
def test_drawn_sums(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "LEAST", 0)
    inputs, whole = drawn(random.Random(seed))
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(x.shape).astype(np.float32) for x in inputs]
    expected = interpret([whole], arrays)[0]
    np.testing.assert_array_equal(interpret(pieces([whole]), arrays)[0], expected)
    np.testing.assert_array_equal(run_compiled([whole], inputs, arrays)[0], expected)


def test_parts_of_a_split_are_only_copied() -> None:
    parts = [build.input(number, (128, 128), float32) for number in range(3)]
    leaves = [padded(x, 1, 128 * k, 128 * (2 - k)) for k, x in enumerate(parts)]
    (made,) = pieces([total(leaves, random.Random(0))])
    assert made.op == "cat" and list(made.src) == parts


def test_pieces_of_pieces() -> None:
    """The gradient of keys read in bands, themselves a part of one projection."""
    bands = [build.input(k, (rows, 256), float32) for k, rows in enumerate((64, 128, 32))]
    keys = build.binary("add", padded(bands[0], 0, 0, 64), bands[1])
    keys = build.binary("add", keys, padded(bands[2], 0, 96, 0))
    other = build.input(3, (128, 256), float32)
    both = build.binary("add", padded(keys, 1, 0, 256), padded(other, 1, 256, 0))
    found = pieces([both])
    assert not [node for node in toposort(found) if node.op == "pad"]
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(x.shape).astype(np.float32) for x in (*bands, other)]
    np.testing.assert_array_equal(interpret(found, arrays)[0], interpret([both], arrays)[0])


def test_a_sum_inside_a_kernel_stays() -> None:
    """Nobody needs it in memory: a loop reads the pieces where they are."""
    parts = [build.input(number, (256, 128), float32) for number in range(2)]
    leaves = [padded(parts[0], 1, 0, 128), padded(parts[1], 1, 128, 0)]
    sink = build.unary("exp", total(leaves, random.Random(0)))
    assert pieces([sink]) == [sink]
