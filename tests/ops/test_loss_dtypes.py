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


@pytest.mark.parametrize("logits", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("chances", ["float32", "float64", "float16", "bfloat16"])
def test_chances_of_another_precision_than_the_logits(logits: str, chances: str) -> None:
    x = torch.tensor([[1.0, -2.0, 0.5], [0.25, 0.0, -1.0]], dtype=torch.float64)
    p = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]], dtype=torch.float64)
    weight = torch.tensor([1.0, 2.0, 0.5])

    def run(x: torch.Tensor, p: torch.Tensor) -> list[torch.Tensor]:
        x, p = x.clone().requires_grad_(), p.clone().requires_grad_()
        loss = F.cross_entropy(x, p, weight.to(p.dtype), label_smoothing=0.125)
        loss.backward()
        return [loss.detach(), x.grad, p.grad]

    a, b = getattr(torch, logits), getattr(torch, chances)
    loss, dx, dp = run(x.to(a), p.to(b))
    assert (loss.dtype, dx.dtype, dp.dtype) == (torch.promote_types(a, b), a, b)
    near = 0.03 if "float16" in logits + chances else 1e-6  # bfloat16 too
    for found, wanted in zip((loss, dx, dp), run(x, p), strict=True):
        assert (found.double() - wanted).abs().max() < near


def test_a_weight_of_a_wider_dtype_widens_the_loss() -> None:
    x, p = torch.ones(2, 3), torch.full((2, 3), 1 / 3)
    assert F.cross_entropy(x, p, torch.ones(3, dtype=torch.float64)).dtype is torch.float64


def test_halves_and_doubles_in_one_pass() -> None:
    # On AVX-512 LLVM rounded these doubles to float16 by a function that nobody linked.
    x = torch.arange(48.0).reshape(3, 16).half().requires_grad_()
    p = torch.full((3, 16), 1 / 16, dtype=torch.float64, requires_grad=True)
    F.cross_entropy(x / 16, p).backward()
    assert x.grad.dtype is torch.float16
    assert abs(x.grad.sum().item()) < 1e-3
    assert p.grad.sum().item() == pytest.approx(45.04, abs=0.2)


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float16")])
def test_smooth_l1_of_two_dtypes(kinds: tuple[str, str]) -> None:
    a, b = (getattr(torch, kind) for kind in kinds)
    x = torch.tensor([0.25, 3.0], dtype=a, requires_grad=True)
    y = torch.tensor([0.5, 0.5], dtype=b, requires_grad=True)
    loss = F.smooth_l1_loss(x, y, reduction="sum")
    loss.backward()
    assert loss.dtype is torch.promote_types(a, b)
    assert (x.grad.dtype, y.grad.dtype) == (a, b)
    assert x.grad.tolist() == [-0.25, 1.0]
    assert y.grad.tolist() == [0.25, -1.0]


def test_huber_has_the_dtype_of_its_input() -> None:
    x = torch.zeros(2, requires_grad=True)
    loss = F.huber_loss(x, torch.ones(2, dtype=torch.float64))
    assert loss.dtype is torch.float32
    loss.backward()
    assert x.grad.tolist() == [-0.5, -0.5]
