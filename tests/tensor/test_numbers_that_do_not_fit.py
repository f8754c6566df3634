"""Numbers too large for a dtype, or for any: PyTorch's errors, and nothing else is lost."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.nn import functional as F

T = torch.ones(2)
I = torch.ones(2, dtype=torch.int64)  # noqa: E741
H = torch.ones(2, dtype=torch.float16)


@pytest.mark.parametrize(
    "call",
    [
        lambda: T * 2**70,
        lambda: I * 2**70,
        lambda: I == 2**70,
        lambda: torch.add(T, T, alpha=2**70),
        lambda: T**2**70,
        lambda: torch.full((2,), 2**70),
        lambda: T.clone().fill_(2**70),
        lambda: torch.where(T > 0, T, 2**70),
        lambda: F.leaky_relu(T, 2**70),
    ],
)
def test_more_than_64_bits(call: Callable[[], torch.Tensor]) -> None:
    beside = T + 1  # recorded before, computed after
    with pytest.raises(OverflowError, match="int too big to convert"):
        call()
    assert beside.tolist() == [2, 2]


def test_the_upper_half_of_64_bits_wraps_among_whole_numbers() -> None:
    assert (I + 2**63).tolist() == [-(2**63) + 1] * 2
    assert (T + 2**63).tolist() == [9.223372036854775808e18] * 2
    assert (I < 2**63).tolist() == [False, False]


@pytest.mark.parametrize(
    "call",
    [
        lambda: T.clone().fill_(1e40),
        lambda: torch.full((2,), 1e40),
        lambda: torch.full((2,), 1e6, dtype=torch.float16),
        lambda: H.masked_fill(H > 0, -1e9),
        lambda: I.clone().fill_(math.nan),
        lambda: I.masked_fill(I > 0, 1e20),
        lambda: F.pad(H, (1, 1), value=1e6),
        lambda: F.threshold(T, 2, 1e40),
        lambda: torch.zeros(2).index_fill(0, torch.tensor([0]), 1e40),
        lambda: torch.full((2,), 2**63),
    ],
)
def test_an_element_that_the_dtype_cannot_hold(call: Callable[[], torch.Tensor]) -> None:
    with pytest.raises(RuntimeError, match=r"cannot be converted to type .* without overflow"):
        call()


def test_what_fits_is_kept() -> None:
    assert H.masked_fill(H > 0, -math.inf).tolist() == [-math.inf] * 2
    assert T.masked_fill(T > 0, math.nan).isnan().all()
    assert I.masked_fill(I > 0, 1.5).tolist() == [1, 1]
    assert (H * 1e6).tolist() == [math.inf] * 2
    assert torch.ones(1, dtype=torch.uint8).fill_(-1).tolist() == [255]
