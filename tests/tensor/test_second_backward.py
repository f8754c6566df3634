"""What PyTorch refuses to go through a second time, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
import rushlight.nn.functional as F

T = torch.Tensor
_REFUSED: dict[str, Callable[[T], T]] = {
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 2),
    "reflect": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
    "div": lambda x: x / 2,
    "pow": lambda x: x**0,
    "complex": lambda x: torch.complex(x, x).real,
}
_TAKEN: dict[str, Callable[[T], T]] = {
    "one of a plane": lambda x: F.adaptive_avg_pool2d(x, 1),
    "zeros around": lambda x: F.pad(x, (1, 1)),
    "lerp": lambda x: torch.lerp(x, x, 0.5),
    "sum": lambda x: x.sum(),
}


def _twice(call: Callable[[T], T]) -> T:
    x = torch.ones(1, 2, 4, 4, requires_grad=True)
    y = call(x)
    y.backward(torch.ones_like(y))
    y.backward(torch.ones_like(y))
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("name", _REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(RuntimeError, match="a second time"):
        _twice(_REFUSED[name])


@pytest.mark.parametrize("name", _TAKEN)
def test_taken(name: str) -> None:
    assert _twice(_TAKEN[name]).abs().sum().item() > 0
