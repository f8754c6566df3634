"""Which transpositions are copied before a kernel reads them several times."""

from __future__ import annotations

from heapq import heappop

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.dtype import float32
from rushlight.compiler.passes import transposed
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from tests.compiler.loops.test_kernels import agree
from tests.compiler.loops.test_panel import again, softmax

SHAPE = (128, 256)


def copied(*sinks: Node) -> set[Node]:
    return transposed.choose_copied(toposort(list(sinks)), set(sinks))


def centred(x: Node, axis: int) -> Node:
    return build.binary("sub", x, again(build.reduce(x, "sum", (axis,)), x, (axis,)))


def test_what_is_read_again_after_a_reduction() -> None:
    x = build.input(0, SHAPE, float32)
    turned = build.permute(x, (1, 0))
    assert copied(softmax(turned, 1)) == copied(softmax(turned, 0)) == {turned}
    assert copied(softmax(build.unary("neg", turned), 1)) == {turned}
    assert copied(centred(turned, 1)) == {turned}


def test_what_is_repeated_many_times() -> None:
    """x[:, :, None] - y.T: for each row of x the columns of y again."""
    x, y = (build.input(place, shape, float32) for place, shape in enumerate(((64, 3), (100, 3))))
    turned = build.permute(y, (1, 0))
    shape = (64, 3, 100)
    gaps = build.binary(
        "sub",
        build.broadcast(build.reshape(x, (64, 3, 1)), shape),
        build.broadcast(turned, shape),
    )
    assert copied(build.reduce(gaps, "sum", (1,))) == {turned}
    few = build.broadcast(turned, (4, 3, 100))
    assert not copied(build.reduce(few, "sum", (1,)))


def test_what_is_read_once_or_in_its_own_order() -> None:
    x = build.input(0, SHAPE, float32)
    turned = build.permute(x, (1, 0))
    assert not copied(build.reduce(turned, "sum", (1,)))
    assert not copied(build.unary("exp", turned))
    assert not copied(build.permute(centred(turned, 1), (1, 0)))  # stored as x is
    assert not copied(softmax(build.permute(build.unary("neg", turned), (1, 0)), 1))
    assert not copied(softmax(x, 1))
    heads = build.permute(build.input(0, (16, 8, 4, 64), float32), (0, 2, 1, 3))
    assert not copied(softmax(heads, 3))  # neighbours stay side by side
    small = build.permute(build.input(0, (8, 16), float32), (1, 0))
    assert not copied(softmax(small, 1))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_numbers_are_the_same(axis: int) -> None:
    x = build.input(0, (20, 30, 40), float32)
    array = np.random.default_rng(axis).standard_normal(x.shape).astype(np.float32)
    turned = build.permute(x, (2, 0, 1))
    shares = softmax(turned, axis)
    assert copied(shares) == {turned}
    agree([shares, build.unary("exp", turned)], [x], [array], 1e-6)


def test_with_its_slope() -> None:
    """Forward and backward of what a user writes, against the same on a copy."""
    torch.manual_seed(0)
    x = torch.randn(4, 96, 80)
    slopes = []
    for made in (lambda v: v.transpose(1, 2), lambda v: v.transpose(1, 2).contiguous()):
        v = x.clone().requires_grad_()
        (torch.log_softmax(made(v), -1) * torch.arange(96.0)).sum().backward()
        assert v.grad is not None
        slopes.append(v.grad.numpy())
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-5, atol=1e-3)


def test_only_what_reads_a_transposition_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def taken(waiting: list[int]) -> int:
        looked.append(waiting[0])
        return heappop(waiting)

    monkeypatch.setattr(transposed, "heappop", taken)
    turned = [build.permute(build.input(k, SHAPE, float32), (1, 0)) for k in range(40)]
    assert not copied(*[build.unary("exp", build.unary("neg", each)) for each in turned])
    assert len(looked) == 2 * len(turned)
