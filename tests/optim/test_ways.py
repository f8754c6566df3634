"""What PyTorch refuses of ``foreach`` and ``capturable`` is refused in its words."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_a_learning_rate_in_a_tensor_with_foreach(name: str) -> None:
    made: Any = getattr(torch.optim, name)
    with pytest.raises(ValueError, match="lr as a Tensor is not supported for capturable=False"):
        made([torch.ones(2, requires_grad=True)], lr=torch.tensor(0.1), foreach=True)


@pytest.mark.parametrize(
    ("name", "among"),
    [
        ("Adam", "params and state_steps must be on supported devices: .*'xla'"),
        ("NAdam", "params, mu_products, and state_steps must"),
        ("ASGD", "params, mus, etas, and state_steps must"),
        ("Adadelta", r"params and state_steps must be .* 'privateuseone'\]"),
    ],
)
def test_capturable_on_the_cpu(name: str, among: str) -> None:
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.ones(2)
    optimizer = getattr(torch.optim, name)([weight], capturable=True)
    with pytest.raises(AssertionError, match=among):
        optimizer.step()
