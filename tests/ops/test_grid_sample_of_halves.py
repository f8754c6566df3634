"""Images of bfloat16 are sampled with a rounding after each step. The numbers are PyTorch's."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.nn.functional as F

PLACES = {
    2: [
        2.640625, -2.46875, -2.6875, 0.1171875, 0.216796875, -1.375, -0.0556640625, -0.1728515625,
    ],
    3: [
        2.421875, -0.6953125, 0.0888671875, 2.5, -0.380859375, -0.8984375, -0.30078125, 0.6953125,
        0.103515625, -0.58984375, -0.236328125, 0.34375,
    ],
}  # fmt: skip
ELEMENTS = {
    2: [
        -0.3125, 0.003997802734375, 0.059814453125, 0.0361328125, 0.0546875, 0.0,
        -0.0047607421875, -0.07470703125, 0.0,
    ],
    3: [
        -0.051513671875, 0.0, 0.0732421875, -0.02001953125, -0.00970458984375, 0.0089111328125,
        0.0, -0.1455078125, -0.09375,
    ],
}  # fmt: skip


@pytest.mark.parametrize("rank", [2, 3])
def test_slopes_are_rounded_after_each_step(rank: int) -> None:
    shape = (1, 3, *(3,) * rank)
    x = torch.arange(3 * 3**rank).reshape(shape) * 37 % 23 / 7.0
    grid = torch.arange(4 * rank).reshape((1, *(1,) * (rank - 1), 4, rank)) * 0.37 % 1.7 - 0.85
    x, grid = x.bfloat16().requires_grad_(), grid.bfloat16().requires_grad_()
    out = F.grid_sample(x, grid, align_corners=False)
    g = torch.arange(out.numel()).reshape(out.shape) % 5 / 3.0 - 0.6
    out.backward(g.bfloat16())
    assert grid.grad.flatten().tolist() == PLACES[rank]
    assert x.grad.flatten()[:9].tolist() == ELEMENTS[rank]


def test_what_many_places_read_adds_up_one_by_one() -> None:
    x = torch.zeros(1, 1, 1, 1, dtype=torch.bfloat16, requires_grad=True)
    grid = torch.zeros(1, 1, 300, 2, dtype=torch.bfloat16)
    F.grid_sample(x, grid, mode="nearest", align_corners=False).sum().backward()
    assert x.grad.item() == 256  # 257 is not there
