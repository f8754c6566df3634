"""make_grid and save_image."""

from __future__ import annotations

import io

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision.utils import make_grid, save_image


def test_the_places_of_the_images() -> None:
    images = torch.stack([torch.full((3, 2, 2), float(k)) for k in range(1, 6)])
    grid = make_grid(images, nrow=2, padding=1, pad_value=9.0)
    assert grid.shape == (3, 10, 7)
    assert grid[0].tolist()[1] == [9.0, 1.0, 1.0, 9.0, 2.0, 2.0, 9.0]
    assert grid[2, 7].tolist() == [9.0, 5.0, 5.0, 9.0, 9.0, 9.0, 9.0]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 5), (3, 4, 5)), ((1, 4, 5), (3, 4, 5)), ((3, 4, 5), (3, 4, 5)),
        ((1, 3, 4, 5), (3, 4, 5)), ((9, 1, 4, 5), (3, 14, 58)), ((2, 4, 4, 5), (4, 8, 16)),
    ],
)  # fmt: skip
def test_shapes(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert make_grid(torch.zeros(shape)).shape == expected


def test_values_moved_into_range() -> None:
    images = torch.tensor([[-2.0, 2.0], [0.0, 4.0]]).reshape(2, 1, 1, 2)
    whole = make_grid(images, padding=0, normalize=True)[0].flatten().tolist()
    assert whole == pytest.approx([0.0, 2 / 3, 1 / 3, 1.0])
    each = make_grid(images, padding=0, normalize=True, scale_each=True)[0].flatten().tolist()
    assert each == pytest.approx([0.0, 1.0, 0.0, 1.0])
    given = make_grid(images, padding=0, normalize=True, value_range=(-1, 1))
    assert given[0].flatten().tolist() == pytest.approx([0.0, 1.0, 0.5, 1.0])
    with pytest.raises(TypeError, match="value_range"):
        make_grid(images, normalize=True, value_range=[0, 1])
    with pytest.raises(TypeError, match="tensor or list of tensors"):
        make_grid([1])


def test_the_grid_is_memory_of_its_own() -> None:
    image = torch.zeros(1, 3, 2, 2)
    make_grid(image).add_(1)
    assert image.sum().item() == 0.0


def test_a_file() -> None:
    Image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    save_image(torch.tensor([0.0, 0.5, 1.0, 2.0]).reshape(1, 2, 2), file, format="png")
    file.seek(0)
    assert np.asarray(Image.open(file))[:, :, 0].tolist() == [[0, 128], [255, 255]]
