"""checkpoint: the same values, gradients, random numbers; less memory; what is refused."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_early_stop,
)


def trained(use_reentrant: bool | None) -> list[Any]:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)
    )
    x = torch.randn(5, 6, requires_grad=True)
    if use_reentrant is None:
        y = model(x)
    else:
        y = checkpoint_sequential(model, 3, x, use_reentrant=use_reentrant)
    y.square().sum().backward()
    return [y.tolist(), x.grad.tolist(), torch.rand(2).tolist()] + [
        param.grad.tolist() for param in model.parameters()
    ]


@pytest.mark.parametrize("use_reentrant", [False, True])
def test_nothing_but_memory_changes(use_reentrant: bool) -> None:
    assert trained(use_reentrant) == trained(None)


def test_what_is_saved_is_forgotten_and_computed_once_more() -> None:
    calls = []

    def part(x: Any) -> Any:
        calls.append(1)
        return x.exp().sin()

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = checkpoint(part, x, use_reentrant=False)
    node = y.grad_fn
    assert not node.saved
    assert len(calls) == 1
    y.sum().backward(retain_graph=True)
    assert len(calls) == 2
    y.sum().backward()
    assert len(calls) == 2
    torch.testing.assert_close(x.grad, 2 * x.detach().exp().cos() * x.detach().exp())
    with pytest.raises(RuntimeError, match="a second time"):
        y.sum().backward()


def test_closures_keywords_and_second_gradients() -> None:
    weight = torch.tensor([1.0, 2.0], requires_grad=True)
    made = checkpoint(lambda x, *, k: {"y": (x * weight) ** 3 * k}, torch.ones(2), k=2.0,
                      use_reentrant=False)  # fmt: skip
    (first,) = torch.autograd.grad(made["y"].sum(), weight, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), weight)
    assert first.tolist() == [6.0, 24.0]
    assert second.tolist() == [12.0, 24.0]


def test_nested() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def inner(v: Any) -> Any:
        return v.exp() * v

    def outer(v: Any) -> Any:
        return checkpoint(inner, v.sin(), use_reentrant=False).cos() * v

    checkpoint(outer, x, use_reentrant=False).sum().backward()
    plain = x.detach().requires_grad_()
    (inner(plain.sin()).cos() * plain).sum().backward()
    torch.testing.assert_close(x.grad, plain.grad)


def test_random_numbers_are_drawn_again() -> None:
    x = torch.ones(64, requires_grad=True)
    y = checkpoint(lambda v: nn.functional.dropout(v, 0.5), x, use_reentrant=False)
    torch.rand(3)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_autocast_is_as_it_was() -> None:
    weight = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        y = checkpoint(lambda x: (x @ weight).exp(), torch.ones(2, 2), use_reentrant=False)
    assert y.dtype is torch.bfloat16
    y.sum().backward()
    assert weight.grad.dtype is torch.float32


def test_another_second_run_is_an_error() -> None:
    calls = []

    def unlike(x: Any) -> Any:
        calls.append(1)
        return (x * x).exp() if len(calls) == 1 else (x * x).sin()

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(CheckpointError, match="different metadata"):
        checkpoint(unlike, x, use_reentrant=False).sum().backward()
    calls.clear()
    with set_checkpoint_early_stop(False), pytest.raises(CheckpointError, match="different number"):
        checkpoint(
            lambda x: unlike(x) if calls else unlike(x).cos(), x, use_reentrant=False, debug=True
        ).sum().backward()


def test_changed_inputs_are_noticed() -> None:
    x = torch.ones(2, requires_grad=True)
    h = x * 2
    y = checkpoint(lambda v: v.exp(), h, use_reentrant=False)
    h.add_(1)
    with pytest.raises(RuntimeError, match="inplace operation"):
        y.sum().backward()


def test_what_is_refused() -> None:
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter"):
        y = checkpoint(torch.exp, x)
    with pytest.raises(RuntimeError, match="incompatible"):
        torch.autograd.grad(y.sum(), x)
    with pytest.raises(ValueError, match="Unexpected keyword"):
        checkpoint(torch.exp, x, use_reentrant=True, k=1)
    with pytest.raises(ValueError, match="only supported"):
        checkpoint(torch.exp, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(torch.exp, x, use_reentrant=False, determinism_check="some")
    with pytest.warns(UserWarning, match="None of the inputs"):
        checkpoint(torch.exp, x.detach(), use_reentrant=True)
