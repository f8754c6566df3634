"""Bytes resampled along an axis against whole numbers in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.vision.transforms.taps import along_height, along_width, taps_of

DIGITS = 10


def _matrix(rng: np.random.Generator, target: int, size: int) -> np.ndarray:
    """A band of random weights, a few below zero, a row each output."""
    count = int(rng.integers(1, min(size, 5) + 1))
    matrix = np.zeros((target, size))
    for row in matrix:
        first = int(rng.integers(size - count + 1))
        row[first : first + count] = rng.integers(-300, 1 << DIGITS, count)
    return matrix


def _wanted(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    sums = values.astype(np.int64) @ matrix.T.astype(np.int64)
    return np.clip((sums + (1 << (DIGITS - 1))) >> DIGITS, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "shape", [(1, 1), (2, 3, 15, 16), (3, 17, 33), (1, 40, 64), (2, 16, 65), (5, 130, 7), (0, 4, 9)]
)
@pytest.mark.parametrize("target", [1, 16, 37])
def test_each_output_is_its_rounded_sum(shape: tuple[int, ...], target: int) -> None:
    rng = np.random.default_rng(target)
    values = rng.integers(0, 256, shape, np.uint8)
    across, down = (_matrix(rng, target, shape[axis]) for axis in (-1, -2))
    turned = values.swapaxes(-1, -2)
    made = along_width(values, taps_of(across, DIGITS))
    assert np.array_equal(made, _wanted(values, across))
    made = along_height(values, taps_of(down, DIGITS))
    assert np.array_equal(made, _wanted(turned, down).swapaxes(-1, -2))


def test_a_part_of_an_image_is_read_where_it_lies() -> None:
    rng = np.random.default_rng(0)
    part = rng.integers(0, 256, (2, 50, 60), np.uint8)[:, 7:40, 5:43]
    taps = taps_of(_matrix(rng, 21, 38), DIGITS)
    assert np.array_equal(along_width(part, taps), along_width(part.copy(), taps))
    taps = taps_of(_matrix(rng, 21, 33), DIGITS)
    assert np.array_equal(along_height(part, taps), along_height(part.copy(), taps))


def test_a_row_without_weights_is_black() -> None:
    taps = taps_of(np.zeros((3, 20)), DIGITS)
    assert not along_width(np.full((4, 20), 255, np.uint8), taps).any()
