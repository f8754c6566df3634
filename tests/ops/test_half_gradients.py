"""Where gradients of halves are rounded: after each operation PyTorch's formula has, no oftener."""

from __future__ import annotations

import numpy as np

import rushlight as torch
from rushlight.nn import functional as F


def _halves(*shape: int) -> torch.Tensor:
    made = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return torch.from_numpy(made).bfloat16().requires_grad_()


def test_cross_entropy_rounds_once() -> None:
    x, target = _halves(4, 7), torch.tensor([0, 6, 2, 2])
    F.cross_entropy(x, target).backward()
    chances = F.log_softmax(x.detach(), 1).float().exp()
    wanted = (chances - F.one_hot(target, 7)) / 4
    assert torch.equal(x.grad, wanted.bfloat16())


def test_the_other_share_of_lerp_is_rounded() -> None:
    x, y, w = _halves(5, 3), _halves(5, 3), _halves(5, 3)
    torch.lerp(x, y, w).backward(w.detach())
    share = w.detach()
    assert torch.equal(x.grad, share * (1 - share))
    assert torch.equal(y.grad, share * share)
    assert torch.equal(w.grad, share * (y - x).detach())


def test_factors_of_addcmul_are_scaled_first() -> None:
    x, a, b = _halves(5, 3), _halves(5, 3), _halves(3)
    seed = _halves(5, 3).detach()
    torch.addcmul(x, a, b, value=0.3).backward(seed)
    assert torch.equal(x.grad, seed)
    assert torch.equal(a.grad, seed * (b.detach() * 0.3))
    assert torch.equal(b.grad, (seed * (a.detach() * 0.3)).sum(0))
