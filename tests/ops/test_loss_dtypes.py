"""binary_cross_entropy_with_logits of two dtypes; numbers made by PyTorch 2.13."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.nn import functional as F


@pytest.mark.parametrize(
    ("logits", "target"),
    [("float32", "float64"), ("float64", "float32"), ("float32", "bfloat16")],
)
def test_the_loss_has_the_dtype_of_the_target(logits: str, target: str) -> None:
    x = torch.tensor([0.3, 0.6, 0.9], dtype=getattr(torch, logits), requires_grad=True)
    y = torch.tensor([1.0, 0.0, 1.0], dtype=getattr(torch, target))
    loss = F.binary_cross_entropy_with_logits(x, y)
    assert loss.dtype is getattr(torch, target)
    assert loss.item() == pytest.approx(0.6443, abs=3e-3 if target == "bfloat16" else 1e-4)
    loss.backward()
    assert x.grad.dtype is x.dtype
    assert x.grad.tolist() == pytest.approx([-0.14185, 0.21522, -0.09634], abs=1e-4)
