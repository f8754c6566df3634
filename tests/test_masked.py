"""torch.masked: what counts, and what is left where nothing does."""

from __future__ import annotations

import math

import pytest

import rushlight as torch

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MASK = torch.tensor([[True, False, True], [False, False, False]])
NAN = float("nan")

# Beside PyTorch 2.13.
KNOWN = {
    "sum": [4.0, 0.0], "prod": [3.0, 1.0], "amax": [3.0, -math.inf], "amin": [1.0, math.inf],
    "mean": [2.0, NAN], "median": [1.0, NAN], "logsumexp": [3.1269280910491943, -math.inf],
    "argmax": [2.0, 0.0], "std": [1.4142135381698608, NAN], "var": [2.0, NAN],
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_reductions(name: str) -> None:
    found = getattr(torch.masked, name)(X, 1, mask=MASK).tolist()
    assert found == pytest.approx(KNOWN[name], nan_ok=True)


def test_along_the_axis() -> None:
    assert torch.masked.cumsum(X, 1, mask=MASK).tolist() == [[1, 1, 4], [0, 0, 0]]
    row = torch.masked.softmax(X, 1, mask=MASK)[0].tolist()
    assert row == pytest.approx([0.11920293, 0, 0.88079703])
    assert torch.masked.normalize(X, 2, 1, mask=MASK)[1].tolist() == [0, 0, 0]


def test_gradient_flows_to_what_counts() -> None:
    x = torch.tensor([1.0, 2.0, 4.0], requires_grad=True)
    torch.masked.mean(x, mask=torch.tensor([True, False, True])).backward()
    assert x.grad.tolist() == [0.5, 0, 0.5]


def test_integers_add_up_as_int64() -> None:
    made = torch.masked.sum(torch.tensor([1, 2], dtype=torch.int32))
    assert made.dtype is torch.int64


def test_sums_and_products_have_the_dtype_that_is_asked_for() -> None:
    x = torch.tensor([[-8, 6], [1, 5]])
    mask = torch.tensor([[True, False], [True, True]])
    assert torch.masked.sum(x, 0, dtype=torch.uint8, mask=mask).tolist() == [249, 5]
    assert torch.masked.prod(x, 0, dtype=torch.int16, mask=mask).dtype is torch.int16
