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


def test_weights_are_whole_numbers_of_sixteen_bits() -> None:
    rows = [[170, 61, 28, 216, 202], [51, 181, 168, 186, 215]]
    x = torch.tensor(rows, dtype=torch.uint8).reshape(1, 1, 2, 5)
    found = F.interpolate(x, scale_factor=(1.37, 2.21), mode="bilinear", align_corners=False)
    assert found[0, 0].tolist() == [
        [170, 151, 101, 58, 43, 28, 111, 196, 211, 205, 202],
        [51, 74, 133, 180, 174, 168, 176, 184, 196, 209, 215],
    ]


def test_cubic_weights_beyond_the_border_are_the_border_s() -> None:
    x = (torch.arange(36).reshape(1, 1, 6, 6) * 37 % 256).to(torch.uint8)
    found = F.interpolate(x, scale_factor=(1.7, 0.6), mode="bicubic", align_corners=True)
    assert found.flatten().tolist() == [
        0, 93, 185, 128, 80, 169, 234, 50, 146, 215, 4, 130, 179, 15, 108,
        163, 82, 92, 141, 172, 70, 125, 231, 54, 102, 224, 31, 86, 179, 15,
    ]  # fmt: skip


def test_smooth_weights_are_whole_numbers_too() -> None:
    x = (torch.arange(36).reshape(1, 1, 6, 6) * 37 % 256).to(torch.uint8)
    found = F.interpolate(x, size=(7, 4), mode="bilinear", antialias=True)
    assert found.flatten().tolist() == [
        14,
        66,
        119,
        171,
        113,
        39,
        92,
        144,
        180,
        65,
        63,
        115,
        185,
        137,
        49,
        86,
        156,
        189,
        85,
        57,
        127,
        179,
        165,
        48,
        100,
        152,
        205,
        97,
    ]
