"""assert_close: what passes, and what is said of what does not (texts as PyTorch 2.13 has them)."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch

T = torch.tensor
close = torch.testing.assert_close


@pytest.mark.parametrize(
    ("actual", "expected", "options"),
    [
        (T([1.0, 2.0]), T([1.0, 2.000001]), {}),
        (T([1.0]), T([1.0], dtype=torch.float64), {"check_dtype": False}),
        (T([float("nan")]), T([float("nan")]), {"equal_nan": True}),
        (T([float("inf")]), T([float("inf")]), {}),
        ((T(1.0),), [T(1.0)], {}),
        ({"a": [1, None, True]}, {"a": [1, None, True]}, {}),
        (np.ones(2), np.ones(2), {}),
        (torch.ones(0), torch.ones(0), {}),
        (1, 1.0, {"check_dtype": False}),
    ],
)
def test_alike(actual, expected, options):
    close(actual, expected, **options)


@pytest.mark.parametrize(
    ("actual", "expected", "options", "text"),
    [
        (
            T([[1.0, 2.0], [3.0, 4.0]]), T([[1.0, 2.0], [3.0, 5.0]]), {},
            "Tensor-likes are not close!\n\nMismatched elements: 1 / 4 (25.0%)\n"
            "Greatest absolute difference: 1.0 at index (1, 1) (up to 1e-05 allowed)\n"
            "Greatest relative difference: 0.20000000298023224 at index (1, 1) (up to 1.3e-06 "
            "allowed)",
        ),
        (
            T([1, 2, 3]), T([1, 2, 4]), {},
            "Tensor-likes are not equal!\n\nMismatched elements: 1 / 3 (33.3%)\n"
            "Greatest absolute difference: 1 at index (2,)\n"
            "Greatest relative difference: 0.25 at index (2,)",
        ),
        (
            1.0, 2.0, {},
            "Scalars are not close!\n\nExpected 2.0 but got 1.0.\n"
            "Absolute difference: 1.0 (up to 1e-07 allowed)\n"
            "Relative difference: 0.5 (up to 1e-07 allowed)",
        ),
        (
            {"a": [T([1.0]), 1]}, {"a": [T([1.0]), 2]}, {},
            "Scalars are not equal!\n\nExpected 2 but got 1.\nAbsolute difference: 1\n"
            "Relative difference: 0.5\n\nThe failure occurred for item ['a'][1]",
        ),
        (T([1.0]), T([1.0, 2.0]), {}, "The values for attribute 'shape' do not match: "
         "torch.Size([1]) != torch.Size([2])."),
        (T([1.0]), T([2.0]), {"msg": lambda said: "X " + said[:6]}, "X Tensor"),
        (T([1.0]), T([2.0]), {"msg": "bad"}, "bad"),
        (None, 1, {}, "None mismatch: None is not 1"),
        (True, False, {}, "Booleans mismatch: True is not False"),
        ([1], [1, 2], {}, "The length of the sequences mismatch: 1 != 2"),
    ],
)  # fmt: skip
def test_what_is_said(actual, expected, options, text):
    with pytest.raises(AssertionError) as caught:
        close(actual, expected, **options)
    assert str(caught.value) == text


def test_what_cannot_be_compared():
    with pytest.raises(TypeError, match="No comparison pair"):
        close("a", "b")
    with pytest.raises(TypeError, match="No comparison pair"):
        close(np.ones(2), torch.ones(2))
    with pytest.raises(ValueError, match="no atol"):
        close(1.0, 1.0, rtol=0.1)


def test_make_tensor():
    torch.manual_seed(0)
    made = torch.testing.make_tensor((2, 3), dtype=torch.float32, device="cpu")
    assert abs(made[0, 0].item() + 0.0674) < 1e-4 and made.abs().max() <= 9
    gaps = torch.testing.make_tensor(3, 2, dtype=torch.int64, device="cpu", noncontiguous=True)
    assert not gaps.is_contiguous() and gaps.shape == (3, 2)
    few = torch.testing.make_tensor(
        99, dtype=torch.int8, device="cpu", low=0, high=2, exclude_zero=True
    )
    assert few.eq(1).all()
    with pytest.raises(ValueError, match="must be less than"):
        torch.testing.make_tensor(2, dtype=torch.float32, device="cpu", low=2, high=1)
