"""Operations of a tensor and a number: the number reaches the gradient, in either place."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch

F: Any = torch.nn.functional

# (call, slope at 2.0)
CASES: list[tuple[str, Any, float]] = [
    ("a number", lambda x: x * 3.0, 3.0),
    ("a whole number", lambda x: x * 3, 3.0),
    ("a truth value", lambda x: x * True, 1.0),
    ("a constant divisor", lambda x: x / 4, 0.25),
    ("a divisor", lambda x: x / 5, 0.2),
    ("a constant power", lambda x: x**3, 12.0),
    ("a power", lambda x: x**1.5, 1.5 * 2**0.5),
    ("alpha", lambda x: torch.sub(torch.tensor(1.0), x, alpha=2.5), -2.5),
    ("a number and alpha", lambda x: torch.add(x, 7, alpha=3), 1.0),
    ("number first", lambda x: 6 / x, -1.5),
    ("number first, minus", lambda x: 6 - x, -1.0),
    ("slope", lambda x: F.leaky_relu(-x, 0.125), -0.125),
    ("two bounds", lambda x: torch.clamp(x, 0, 1.5) + torch.clamp(x, None, 3.0), 1.0),
    ("weight", lambda x: torch.lerp(x, torch.tensor(5.0), 0.25), 0.75),
]


@pytest.mark.parametrize(("call", "slope"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_slope(call: Any, slope: float) -> None:
    for _ in range(2):  # recorded, then found again
        x = torch.tensor(2.0, requires_grad=True)
        call(x).backward()
        assert x.grad is not None
        assert x.grad.item() == pytest.approx(slope, rel=1e-6)


def test_numbers_of_a_passage_are_those_of_the_step() -> None:
    """The third step is taken in one stride; its numbers are its own."""
    for number in (2.0, 3.0, 5.0, 7.0):
        x = torch.tensor(2.0, requires_grad=True)
        (x * number).backward()
        assert x.grad is not None
        assert x.grad.item() == number


def test_dropout_scales_by_what_it_was_given() -> None:
    x = torch.ones(4, 6, requires_grad=True)
    for p in (0.25, 0.5, 0.75):
        x.grad = None
        out = F.dropout(x, p)
        out.sum().backward()
        assert x.grad is not None
        assert out.max().item() == pytest.approx(1 / (1 - p), rel=1e-6)
        assert x.grad.tolist() == out.tolist()
