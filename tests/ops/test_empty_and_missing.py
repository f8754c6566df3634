"""Windows over nothing, places out of range, and which of several nans a pool finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F

NAN = float("nan")


def zeros(*size: int, dtype: Any = None) -> torch.Tensor:
    return torch.zeros(size, dtype=dtype)


NOTHING: list[tuple[Callable[[], Any], str]] = [
    (lambda: F.conv1d(zeros(2, 4, 0), zeros(3, 4, 3), padding=2), r"shape: \[2, 4, 1, 0\]"),
    (lambda: F.conv2d(zeros(4, 0, 3), zeros(3, 4, 3, 3), padding=2), r"shape: \[1, 4, 0, 3\]"),
    (lambda: F.conv_transpose1d(zeros(2, 4, 0), zeros(4, 3, 1)), "Only zero batch or zero channel"),
    (lambda: F.avg_pool1d(zeros(2, 4, 0), 3, 1, 1), "optional 0 dim batch size"),
    (lambda: F.avg_pool2d(zeros(2, 4, 0, 3), 2, 1, 1), "optional 0 dim batch size"),
    (lambda: F.pad(zeros(2, 0, 5), (1, 1), "reflect"), "possibly 0 batch size"),
    (lambda: F.pad(zeros(0, 5), (1, 1), "replicate"), "2D or 3D .* got: .0, 5."),
    (lambda: F.max_unpool1d(zeros(1, 2, 0), zeros(1, 2, 0, dtype=torch.int64), 2), "non-zero size"),
]


@pytest.mark.parametrize("number", range(len(NOTHING)))
def test_images_without_elements_are_refused(number: int) -> None:
    call, text = NOTHING[number]
    with pytest.raises(RuntimeError, match=text):
        call()


def test_no_samples_are_another_matter() -> None:
    assert F.conv1d(zeros(0, 4, 5), zeros(3, 4, 3)).shape == (0, 3, 3)
    assert F.pad(zeros(0, 3, 5), (1, 1), "reflect").shape == (0, 3, 7)
    assert F.avg_pool2d(zeros(0, 3, 4, 4), 2).shape == (0, 3, 2, 2)
    assert F.pad(zeros(2, 0, 5), (1, 1), "circular").shape == (2, 0, 7)


@pytest.mark.parametrize(("place", "size"), [(9, "4x2"), (-1, "4x2")])
def test_unpooling_to_a_place_that_is_not_there(place: int, size: str) -> None:
    places = torch.tensor([[[[0], [place]]]])
    with pytest.raises(RuntimeError, match=f"invalid max index: {place} .output volumes .* {size}"):
        F.max_unpool2d(torch.ones(1, 1, 2, 1), places, 2).sum().item()


def test_the_last_nan_of_a_window_is_its_largest() -> None:
    row = torch.tensor([[[1.0, NAN, 0.0, NAN, 3.0, 3.0]]])
    values, places = F.adaptive_max_pool1d(row, 2, return_indices=True)
    assert values.isnan().tolist() == [[[True, True]]] and places.tolist() == [[[1, 3]]]
    _, places = F.adaptive_max_pool1d(row, 1, return_indices=True)
    assert places.tolist() == [[[3]]]
    square = torch.tensor([[NAN, NAN, 1.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]])[None]
    _, places = F.fractional_max_pool2d(square, 2, 2, return_indices=True,
                                        _random_samples=torch.zeros(1, 1, 2))  # fmt: skip
    assert places.tolist() == [[[1, 1], [3, 4]]]


@pytest.mark.parametrize(("rank", "kept"), [(2, True), (3, False)])
def test_adaptive_pools_keep_the_order_of_images_only(rank: int, kept: bool) -> None:
    order = torch.channels_last if rank == 2 else torch.channels_last_3d
    x = torch.rand(2, 3, *(4,) * rank).contiguous(memory_format=order)
    pool = getattr(F, f"adaptive_max_pool{rank}d")
    for out in (pool(x, 2), *pool(x, 2, return_indices=True)):
        assert out.is_contiguous(memory_format=order) is kept


def test_means_of_one_bin() -> None:
    numbers = torch.tensor([[1 + 2j, 3 - 1j]])
    assert F.adaptive_avg_pool1d(numbers, 1).tolist() == [[2 + 0.5j]]
    with pytest.raises(NotImplementedError, match="adaptive_avg_pool2d"):
        F.adaptive_avg_pool1d(numbers, 2)
    with pytest.raises(RuntimeError, match="Expected 2 to 3 dimensions, but got 1-dimensional"):
        F.adaptive_avg_pool1d(zeros(4), 1)
    with pytest.raises(IndexError, match="got -2"):
        F.adaptive_avg_pool2d(zeros(4), 1)
    with pytest.raises(TypeError, match="not NoneType"):
        F.adaptive_avg_pool1d(zeros(2, 4), None)
