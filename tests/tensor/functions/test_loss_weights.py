"""Class weights that want a gradient: there is one for chances as targets, else an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F


@pytest.mark.parametrize(
    ("loss", "who", "name"),
    [
        (lambda x, v: F.nll_loss(x, torch.tensor([0, 2]), v), "nll_loss_forward", "weight"),
        (lambda x, v: F.cross_entropy(x, torch.tensor([0, 2]), v), "nll_loss_forward", "weight"),
        (lambda x, v: F.cross_entropy(x[:, :, None], torch.tensor([[0], [2]]), v),
         "nll_loss2d_forward", "weight"),
        (lambda x, v: F.binary_cross_entropy(x, x, v), "binary_cross_entropy", "weight"),
        (lambda x, v: F.binary_cross_entropy_with_logits(x, x, v),
         "binary_cross_entropy_with_logits", "weight"),
        (lambda x, v: F.binary_cross_entropy_with_logits(x, x, pos_weight=v),
         "binary_cross_entropy_with_logits", "pos_weight"),
    ],
)  # fmt: skip
def test_a_weight_without_a_derivative_is_refused(
    loss: Callable[[Any, Any], Any], who: str, name: str
) -> None:
    # Its gradient was None, and nobody was told.
    x, v = torch.full((2, 3), 0.5), torch.ones(3, requires_grad=True)
    message = f"'{who}' is not differentiable with respect to argument '{name}'"
    with pytest.raises(RuntimeError, match=message):
        loss(x, v)
    with torch.no_grad():
        quiet = loss(x, v)
    assert quiet.item() == loss(x, v.detach()).item()


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_gradient_of_weights_beside_chances(smoothing: float) -> None:
    x = torch.tensor([[0.5, -1.0, 2.0], [0.0, 1.0, -0.5]])
    target = torch.tensor([[0.2, 0.3, 0.5], [0.9, 0.1, 0.0]])
    v = torch.tensor([1.0, 2.0, 0.5], requires_grad=True)
    F.cross_entropy(x, target, v, label_smoothing=smoothing).backward()
    mixed = target * (1 - smoothing) + smoothing / 3
    wanted = -(F.log_softmax(x, 1) * mixed).sum(0) / 2
    assert v.grad.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)
