"""Walks over a graph."""

from __future__ import annotations

from rushlight.base.dtype import float32
from rushlight.ir.graph import Node, substitute, toposort


def chain(first: Node, length: int) -> Node:
    for _ in range(length):
        first = Node("neg", (first,), first.shape, first.dtype)
    return first


def test_what_is_known_is_left_out_with_all_that_only_it_needs() -> None:
    x = Node("input", (), (3,), float32, {"index": 0})
    history = chain(x, 5)
    after = chain(history, 2)
    assert toposort([after], [history]) == [after.src[0], after]
    other = Node("add", (after, x), x.shape, x.dtype)
    assert toposort([other], [history]) == [after.src[0], after, x, other]
    assert len(toposort([other])) == 9


def test_substitution_shares_what_is_behind_a_kept_node() -> None:
    x = Node("input", (), (3,), float32, {"index": 0})
    fresh = Node("input", (), (3,), float32, {"index": -1})
    seed = Node("exp", (Node("mul", (x, fresh), (3,), float32),), (3,), float32)
    gradient = Node("mul", (seed, fresh), (3,), float32)
    (result,) = substitute([gradient], {fresh: x, seed: seed})
    assert result is not None
    assert result.src == (seed, x)
    # Even what looks like something to replace, behind the seed.
    assert result.src[0].src[0].src[1] is fresh
