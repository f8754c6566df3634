"""What a user's ``backward`` returns is fitted to its input, as PyTorch's engine does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch


def _gradient(backward: Callable[[Any], Any], shape: tuple[int, ...], create_graph: bool) -> Any:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return backward(g)

    x = torch.ones(shape, requires_grad=True)
    return torch.autograd.grad(Doubled.apply(x).sum(), x, create_graph=create_graph)[0]


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("shape", "backward", "expected"),
    [
        ((1, 3), lambda g: g.expand(4, 3), [[4.0, 4.0, 4.0]]),
        ((3,), lambda g: torch.ones(2, 3), [2.0, 2.0, 2.0]),
        ((), lambda g: torch.ones(3), 3.0),
        ((3,), lambda g: g.double() / 2, [0.5, 0.5, 0.5]),
        ((3,), lambda g: torch.arange(3), [0.0, 1.0, 2.0]),
    ],
)
def test_summed_and_cast(shape: Any, backward: Any, expected: Any, create_graph: bool) -> None:
    made = _gradient(backward, shape, create_graph)
    assert made.dtype is torch.float32
    assert made.tolist() == expected


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda g: torch.ones(2), r"invalid gradient at index 0 - got \[2\] but expected shape"),
        (lambda g: torch.ones(1), r"invalid gradient at index 0 - got \[1\] but expected shape"),
        (lambda g: g * 1j, "complex gradient at index 0"),
        (lambda g: 1.0, r"expected Variable or None \(got float\)"),
    ],
)
def test_what_does_not_fit(backward: Any, message: str, create_graph: bool) -> None:
    with pytest.raises(RuntimeError, match=message):
        _gradient(backward, (3,), create_graph)


def test_functions_of_complex_numbers_have_gradients() -> None:
    class Tripled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 3

    x = torch.ones(2, dtype=torch.complex64, requires_grad=True)
    Tripled.apply(x).abs().sum().backward()
    assert x.grad.tolist() == [3 + 0j, 3 + 0j]
