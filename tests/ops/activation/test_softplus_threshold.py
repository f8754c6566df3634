"""Beyond its threshold softplus is x itself, whether or not the plan compares."""

import rushlight as torch
from rushlight.nn import functional as F


def test_beyond_the_threshold_it_is_x() -> None:
    x = torch.tensor([17.5, 18.0, 20.0, 20.5, 88.0, 1e30, float("inf")])
    for dtype in (torch.float32, torch.bfloat16):
        assert F.softplus(x.to(dtype)).tolist() == x.to(dtype).tolist()
    assert F.softplus(torch.tensor([20.5]).double()).item() == 20.5
    assert F.softplus(torch.tensor([19.5]).double()).item() > 19.5  # there the tail shows
    assert F.softplus(torch.tensor([2.0]), 1.0, 1.5).item() == 2.0
    assert F.softplus(torch.tensor([float("nan")])).isnan().item()
