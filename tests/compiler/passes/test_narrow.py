"""Products of bf16 that are widened first: what is left of the casts, and the numbers."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.dtype import bfloat16, float32
from rushlight.compiler.passes.epilogue import find_epilogues
from rushlight.compiler.passes.narrow import narrow
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort, users


def _input(shape: tuple[int, ...]) -> Node:
    return build.cast(Node("input", (), shape, float32, {"index": 0}), bfloat16)


def test_views_are_taken_before_the_cast() -> None:
    x, w = _input((4, 6)), _input((5, 6))
    product = build.dot(build.cast(x, float32), build.permute(build.cast(w, float32), (1, 0)))
    (sink,) = narrow([build.cast(product, bfloat16)])
    order = toposort([sink])
    (found,) = find_epilogues(order, users(order), {sink}, frozenset()).values()
    assert found.narrow
    assert [source.dtype for source in found.sources] == [bfloat16, bfloat16]
    assert found.sources[1].op == "permute"


def test_what_is_read_as_f32_is_not_rounded() -> None:
    x, w = _input((4, 6)), _input((6, 5))
    product = build.dot(build.cast(x, float32), build.cast(w, float32))
    (sink,) = narrow([product])
    order = toposort([sink])
    assert not find_epilogues(order, users(order), {sink}, frozenset())


@pytest.mark.parametrize("rows", [1, 3, 20])
@pytest.mark.parametrize("relu", [False, True])
def test_a_layer_rounds_once(rows: int, relu: bool) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(64, 24).bfloat16()
    x = torch.randn(rows, 64).bfloat16().requires_grad_()
    y = layer(x).relu() if relu else layer(x)
    g = torch.randn(rows, 24).bfloat16()
    found = torch.autograd.grad(y, [x, layer.weight], g)
    xs, ws, gs = (each.detach().double().numpy() for each in (x, layer.weight, g))
    exact = xs @ ws.T + layer.bias.detach().double().numpy()
    if relu:
        gs = np.where(exact > 0, gs, 0)
        exact = np.maximum(exact, 0)
    for got, want in zip((y.detach(), *found), (exact, gs @ ws, gs.T @ xs), strict=True):
        assert got.dtype is torch.bfloat16
        assert np.all(np.abs(got.double().numpy() - want) <= 2**-8 * np.abs(want) + 1e-4)
