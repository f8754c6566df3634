"""Short rows of several vectors: numbers repeated and tiled, at every length and next to an end."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8, np.float16])
@pytest.mark.parametrize("width", [2, 3, 4, 6, 7, 10, 16])
def test_repeated_and_tiled(width: int, dtype: type) -> None:
    rng = np.random.default_rng(width)
    for rows in (64 * width, 64 * width + 3):
        down = (9 * rng.standard_normal((2, rows))).astype(dtype)
        along = (9 * rng.standard_normal(width)).astype(dtype)
        made = torch.tensor(down).repeat_interleave(width, 1)
        assert np.array_equal(made.numpy(), down.repeat(width, 1))
        tiled = torch.tensor(along).expand(2, rows, width).contiguous()
        assert np.array_equal(tiled.numpy(), np.broadcast_to(along, (2, rows, width)))
        turned = torch.tensor(down.T.copy()).t()[:, :, None].expand(2, rows, width).contiguous()
        assert np.array_equal(turned.numpy(), np.broadcast_to(down[..., None], (2, rows, width)))


@pytest.mark.parametrize("width", [2, 5, 8])
def test_computed_with(width: int) -> None:
    rng = np.random.default_rng(width)
    whole = rng.standard_normal((3, 201, width)).astype(np.float32)
    down = rng.standard_normal((3, 201, 1)).astype(np.float32)
    along = rng.standard_normal(width).astype(np.float32)
    a, b, c = (torch.tensor(each) for each in (whole, down, along))
    made = torch.where(a > c, a * b, torch.maximum(b, c))
    wanted = np.where(whole > along, whole * down, np.maximum(down, along))
    assert np.array_equal(made.numpy(), wanted)
    assert np.array_equal((a[:, 1:] * c).double().numpy(), (whole[:, 1:] * along).astype(float))


def test_an_image_twice_as_large() -> None:
    image = np.arange(2 * 3 * 9 * 33, dtype=np.float32).reshape(2, 3, 9, 33)
    made = torch.nn.functional.interpolate(torch.tensor(image), scale_factor=2)
    assert np.array_equal(made.numpy(), image.repeat(2, 2).repeat(2, 3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_one_number_of_each_row_and_its_place(width: int, dtype: type) -> None:
    rng = np.random.default_rng(width)
    for rows in (64 * width, 64 * width + 3):
        # cut out of memory that ends with the last row
        whole = (9 * rng.standard_normal((rows, width))).astype(dtype)
        x = torch.tensor(whole)
        for place in range(width):
            one = x[:, place : place + 1].expand(rows, width)
            made = torch.where(torch.arange(width) == place, one + 1, one + 2)
            wanted = np.where(np.arange(width) == place, *(whole[:, [place]] + k for k in (1, 2)))
            assert np.array_equal(made.numpy(), wanted.astype(dtype))
