"""The element of a certain rank, found without sorting, beside NumPy's stable sort."""

from typing import Any

import numpy as np
import pytest

import rushlight as torch


def _drawn(seed: int, shape: tuple[int, ...], nan: float) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    numbers = rng.integers(-3, 4, shape).astype(np.float32)
    numbers[rng.random(shape) < 0.1] = -0.0
    numbers[rng.random(shape) < nan] = np.nan
    return numbers


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("nan", [0.0, 0.02, 0.4, 1.0])
def test_medians_name_the_first_of_equal_elements(axis: int, nan: float) -> None:
    x = _drawn(3, (5, 9, 12), nan)
    order = np.argsort(x, axis=axis, kind="stable")
    count = np.count_nonzero(x == x, axis=axis, keepdims=True)
    size = x.shape[axis]
    lower = (size - 1) // 2
    for skip, ranks in (
        (False, np.where(count == size, lower, count)),
        (True, np.maximum(count - 1, 0) // 2),
    ):
        places = np.take_along_axis(order, ranks, axis)
        name = torch.nanmedian if skip else torch.median
        values, found = name(torch.tensor(x), axis, keepdim=True)
        np.testing.assert_array_equal(found.numpy(), places)
        np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, places, axis))


def test_of_a_long_row_the_one_in_stable_order() -> None:
    x = _drawn(4, (70_000,), 0.1)
    order = np.argsort(x, kind="stable")
    for k in (1, 30_000, 65_000, 70_000):
        value, place = torch.tensor(x).kthvalue(k)
        assert place.item() == order[k - 1]
        np.testing.assert_array_equal(value.numpy(), x[order[k - 1]])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64, torch.uint8])
def test_other_dtypes(dtype: Any) -> None:
    x = torch.tensor([[7, 3, 9, 1, 8], [2, 2, 5, 4, 2]]).to(dtype)
    assert x.kthvalue(3, 1)[0].tolist() == [7, 2]
    assert x.median(1)[1].tolist() == [0, 4]
    assert x.median().item() == 3


def test_no_rows() -> None:
    values, places = torch.empty(0, 3).median(1)
    assert values.shape == places.shape == (0,)
    assert torch.empty(0, 3).kthvalue(2, 1)[0].shape == (0,)


def test_samples_of_vmap() -> None:
    x = torch.tensor([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]])
    assert torch.func.vmap(torch.median)(x).tolist() == [2.0, 8.0]
