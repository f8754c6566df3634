"""Kernels that a plan has had before are lowered once."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.compiler import again, lower
from rushlight.engine.flush import clear


class Counted:
    """A function, and how often it was called."""

    def __init__(self, function: object) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *args: object, **named: object) -> object:
        self.calls += 1
        return self.function(*args, **named)  # type: ignore[operator]


def _gradients(layers: int) -> list[np.ndarray]:
    torch.manual_seed(0)
    model = nn.Sequential(*[
        layer
        for _ in range(layers)
        for layer in (nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
    ])  # fmt: skip
    images = torch.randn(2, 8, 12, 12)
    clear()
    model(images).square().sum().backward()
    return [parameter.grad.numpy() for parameter in model.parameters()]


def test_equal_blocks_are_lowered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loops, products = Counted(lower.loop_launches), Counted(lower._CONVOLUTIONS["conv"])
    monkeypatch.setattr(lower, "loop_launches", loops)
    monkeypatch.setitem(lower._CONVOLUTIONS, "conv", products)
    _gradients(4)
    few = loops.calls, products.calls
    loops.calls = products.calls = 0
    _gradients(12)
    assert (loops.calls, products.calls) == few


def test_the_numbers_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _gradients(5)
    monkeypatch.setattr(again.Again, "launches", lambda self, key, buffers, make: make())
    for shared, alone in zip(found, _gradients(5), strict=True):
        np.testing.assert_array_equal(shared, alone)


def test_what_looks_alike_but_is_not() -> None:
    """Constants that are equal but not the same, and one array twice in place of two."""
    clear()
    x, y = torch.tensor([-1.5, 0.0, 2.0]), torch.tensor([3.0, 4.0, 5.0])
    xs, ys = x * 1, y * 1
    plus, minus = torch.copysign(xs, torch.zeros(3)), torch.copysign(xs, -torch.zeros(3))
    twice, both = xs @ xs, xs @ ys
    shifted = [torch.cumsum(xs, 0) + k for k in (0, 1, 2)]
    assert (twice.item(), both.item()) == (6.25, 5.5)
    assert plus.tolist() == [1.5, 0.0, 2.0]
    assert minus.tolist() == [-1.5, 0.0, -2.0]
    assert [each.tolist() for each in shifted] == [[-1.5 + k, -1.5 + k, 0.5 + k] for k in (0, 1, 2)]
