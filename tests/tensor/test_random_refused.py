"""Random numbers of bounds and dtypes that are at the edge of what there is, or beyond it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch


def test_all_longs_are_drawn_for_wide_dtypes() -> None:
    torch.manual_seed(3)
    drawn = torch.zeros(3).random_(-(2**63), None)
    assert drawn.tolist() == [-8.286316000861749e18, -5.383722401521467e18, 5.366245114442154e18]
    with pytest.raises(RuntimeError, match="only int64, double, float and bfloat16"):
        torch.zeros(3, dtype=torch.int32).random_(-(2**63), None)


def test_out_says_what_numbers_are_drawn() -> None:
    torch.manual_seed(1)
    assert torch.randint(0, 2, (4,), out=torch.zeros(4, dtype=torch.bool)).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda z: z.bernoulli_(), NotImplementedError, "bernoulli_scalar_cpu_"),
        (lambda z: torch.bernoulli(z), NotImplementedError, "bernoulli_tensor_cpu_self_"),
        (lambda z: z.geometric_(0.5), NotImplementedError, "geometric_cpu"),
        (lambda z: z.random_(), NotImplementedError, "random_kernel_cpu"),
        (lambda z: z.random_(3), RuntimeError, "check_random_bounds"),
        (lambda z: torch.normal(0.0, z), RuntimeError, "deviation to be non-complex"),
        (lambda z: torch.binomial(z, z), ValueError, "floating-point dtypes for count"),
        (lambda z: torch.randperm(3, dtype=z.dtype), NotImplementedError, "randperm"),
    ],
)
def test_complex_numbers_are_refused(
    call: Callable[[torch.Tensor], object], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        call(torch.zeros(2, dtype=torch.complex64))


def test_permutations_that_a_dtype_cannot_count() -> None:
    with pytest.raises(RuntimeError, match="n cannot be greater than 2049 for Half"):
        torch.randperm(2050, dtype=torch.float16)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.rand(2**40, 2**40),
        lambda: torch.randperm(2**50),
        lambda: torch.tril_indices(2**30, 2**30),
        lambda: torch.hann_window(2**50),
        lambda: torch.bincount(torch.tensor([2**50])),
    ],
)
def test_too_many_numbers_are_a_runtime_error(call: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        call()


def test_tensors_of_one_number_are_sizes() -> None:
    """As such: a block of memory that was counted by a tensor spoiled the pool's counters."""
    torch.manual_seed(0)
    drawn = torch.randperm(torch.tensor(5))
    torch.manual_seed(0)
    assert drawn.tolist() == torch.randperm(5).tolist()
    assert torch.FloatTensor(torch.tensor(5), 2).shape == (5, 2)
    for wrong in (5.0, True, torch.tensor(5.0)):
        with pytest.raises(TypeError, match="must be int, not"):
            torch.randperm(wrong)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("count", [3, 40])
def test_weights_that_none_can_be_drawn_by(count: int, dtype: Any) -> None:
    """Of few, which Python looks at, and of many, which NumPy does."""
    for odd in (math.nan, math.inf, -1.0):
        weights = torch.ones(2, count, dtype=dtype)
        weights[1, -1] = odd
        with pytest.raises(RuntimeError, match="either `inf`, `nan` or element < 0"):
            torch.multinomial(weights, 1)
    weights = torch.ones(2, count, dtype=dtype)
    weights[1] = 0
    with pytest.raises(RuntimeError, match="sum of probabilities <= 0"):
        torch.multinomial(weights, 1)
    weights[1, 2] = 1
    assert int(torch.multinomial(weights, 1)[1]) == 2
