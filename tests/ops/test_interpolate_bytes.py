"""Images of bytes resampled: as PyTorch 2.13 printed them."""

from __future__ import annotations

import pytest

import rushlight as torch

F = torch.nn.functional
IMAGE = [[5, 1, 6, 5], [6, 4, 2, 5], [5, 9, 3, 1], [4, 2, 3, 2]]


def test_a_half_goes_up_after_each_axis() -> None:
    x = torch.tensor(IMAGE, dtype=torch.uint8).reshape(1, 1, 4, 4)
    found = F.interpolate(x, (3, 3), mode="bilinear", align_corners=True)
    assert found.dtype is torch.uint8
    assert found.tolist() == [[[[5, 4, 5], [6, 5, 3], [4, 3, 2]]]]


@pytest.mark.parametrize(("shape", "mode"), [((1, 1, 4), "linear"), ((1, 1, 2, 2, 2), "trilinear")])
def test_other_ranks_take_no_bytes(shape: tuple[int, ...], mode: str) -> None:
    with pytest.raises(NotImplementedError, match="Byte"):
        F.interpolate(torch.zeros(shape, dtype=torch.uint8), scale_factor=2, mode=mode)
