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


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
def test_betas_are_floats_or_tensors(kind: Any) -> None:
    def made(*betas: Any, **options: Any) -> Any:
        return kind([torch.nn.Parameter(torch.ones(2))], betas=betas, **options)

    one, other = torch.tensor(0.9), torch.tensor([0.99])
    for betas in ((0, 0.99), (0, 0), (one, 0.99)):
        with pytest.raises(ValueError, match="either both floats or both Tensors"):
            made(*betas)
    with pytest.raises(ValueError, match=r"betas\[0\] as a Tensor is not supported"):
        made(one, other, foreach=True)
    made(one, other)


@pytest.mark.parametrize("differentiable", [False, True])
def test_switches_given_as_numbers(differentiable: bool) -> None:
    ways: Any = {"lr": 0.1, "differentiable": differentiable}
    results = []
    for yes in (1, True):
        weight = torch.ones(2, requires_grad=True).clone() if differentiable else torch.ones(2)
        for optimizer in (
            torch.optim.Adam([weight], amsgrad=yes, maximize=yes, **ways),
            torch.optim.SGD([weight], momentum=0.9, nesterov=yes, **ways),
            torch.optim.RMSprop([weight], centered=yes, **ways),
        ):
            for _ in range(2):
                weight.grad = torch.tensor([1.0, -2.0])
                optimizer.step()
        results.append(weight.tolist())
    assert results[0] == results[1]


def test_no_iterations_change_nothing() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.LBFGS([weight], max_iter=0)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    for _ in range(2):
        assert optimizer.step(closure).item() == 2.0
    assert weight.tolist() == [1.0, 1.0]
