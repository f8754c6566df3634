"""Float sums over several axes, the innermost short: as exact as over one long axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn

SHAPES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "a cut": (lambda x: (x * 2)[:, :, 1:], (50, 100, 3)),
    "padded": (lambda x: nn.functional.pad(x * 2, (0, 0, 1, 1, 1, 1)), (20, 30, 40, 2)),
    "mirrored": (lambda x: (x * 2).flip(-1) + x, (200, 100, 3)),
    "spread": (lambda x: x[:, :, None] + torch.arange(3.0), (500, 100)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_sum(name: str) -> None:
    make, shape = SHAPES[name]
    torch.manual_seed(0)
    x = torch.rand(shape)
    wanted = make(x).numpy().astype(np.float64).sum()
    assert abs(make(x).sum().item() / wanted - 1) < 4e-7


def test_after_a_transposed_convolution() -> None:
    torch.manual_seed(0)
    layer = nn.ConvTranspose3d(4, 2, 3, stride=3, output_padding=2)
    x = torch.randn(20, 4, 4, 5, 6)
    with torch.no_grad():
        wanted = np.abs(layer(x).numpy().astype(np.float64)).sum()
        assert abs(layer(x).abs().sum().item() / wanted - 1) < 1e-6
