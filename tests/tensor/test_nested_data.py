"""torch.tensor of sequences that hold tensors or NumPy's numbers."""

from typing import Any

import numpy as np
import pytest

import rushlight as torch

one = torch.ones(1)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ([np.float32(1), 2], torch.float32), ([1, np.float64(2)], torch.float64),
        ([np.float32(1), 2.5], torch.float32), ([np.float64(1), 2.5], torch.float64),
        ([np.uint8(3), 4.0], torch.float32), ([np.int32(1), np.int32(2)], torch.int32),
        ([np.int32(1), 2], torch.int64), ([np.complex64(1), 2], torch.complex64),
        ([torch.tensor(1.0).double(), 2], torch.float64),
        ([2, torch.tensor(1.0).half()], torch.float16),
        ([[np.float32(1)], [2]], torch.float32), ([[1, 2], np.arange(2.0)], torch.float64),
        ([1, 2.5, True], torch.float32), ([], torch.float32),
        ([torch.tensor(True), 1], torch.int64),
    ],
)  # fmt: skip
def test_dtypes(data: Any, kind: Any) -> None:
    assert torch.tensor(data).dtype is kind
    assert torch.as_tensor(data).dtype is kind


def test_tensors_of_one_element_are_numbers() -> None:
    assert torch.tensor([one, one]).shape == (2,)
    assert torch.tensor([one.view(1, 1), 2.0]).tolist() == [1.0, 2.0]
    assert torch.tensor([[one], [2.0]]).shape == (2, 1)
    assert torch.tensor([[1, 2], torch.ones(2)]).tolist() == [[1.0, 2.0], [1.0, 1.0]]
    for data in ([torch.ones(2), torch.ones(2)], [torch.ones(2), [1, 2]], [torch.zeros(0), 1]):
        with pytest.raises(ValueError, match="only one element tensors"):
            torch.tensor(data)


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.int8, torch.uint8, torch.float32])
def test_whole_numbers_of_each_dtype(kind: Any) -> None:
    assert torch.tensor([[1, 2], [3, 127]], dtype=kind).tolist() == [[1, 2], [3, 127]]
    assert torch.tensor((), dtype=kind).shape == (0,)


@pytest.mark.parametrize(("kind", "number"), [(torch.int32, 2**31), (torch.uint8, 256)])
def test_numbers_past_a_dtype_are_refused(kind: Any, number: int) -> None:
    with pytest.raises(RuntimeError, match="without overflow"):
        torch.tensor([1, number], dtype=kind)


@pytest.mark.parametrize(
    ("data", "kind", "numbers"),
    [
        ([(np.int64(1), np.int64(2)), (np.int64(3), np.int64(4))], torch.int64, [[1, 2], [3, 4]]),
        ([np.int8(1), np.int16(2), np.int8(3)], torch.int16, [1, 2, 3]),
        ([np.float32(0.5), 1, True, np.float64(2)], torch.float64, [0.5, 1, 1, 2]),
        ([[[np.int32(1)], [2]], [[3], [one]]], torch.float32, [[[1], [2]], [[3], [1]]]),
        ([[[np.int32(1)]], [[torch.tensor(7)]]], torch.int64, [[[1]], [[7]]]),
        ([[np.int32(1), np.int32(2)], torch.tensor([5, 6])], torch.int64, [[1, 2], [5, 6]]),
        ([[np.float16(1)], (2.5,)], torch.float32, [[1], [2.5]]),
        ([np.zeros(0), np.zeros(0)], torch.float64, [[], []]),
    ],
)  # fmt: skip
def test_numbers_at_any_depth(data: Any, kind: Any, numbers: Any) -> None:
    made = torch.tensor(data)
    assert made.dtype is kind
    assert made.tolist() == numbers
