"""Gradients of p-norms with p below 1: finite at zeros, and PyTorch's roundings of halves."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize(("p", "expected"), [(0.5, [0.0, 2.4142136, 1.7071068]),
                                             (0.3, [0.0, 6.5048, 4.0041])])  # fmt: skip
def test_zeros_have_no_slope(p: float, expected: list[float]) -> None:
    x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
    torch.linalg.vector_norm(x, p).backward()
    assert x.grad.tolist() == pytest.approx(expected, rel=1e-4)


def test_normalize_with_zeros() -> None:
    x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
    torch.nn.functional.normalize(x, 0.5, dim=0).backward(torch.arange(1.0, 4.0))
    assert x.grad.tolist() == pytest.approx([0.172, -0.225, 0.113], abs=1e-3)
