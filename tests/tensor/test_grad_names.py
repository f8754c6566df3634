"""The names of nodes of the gradient graph, as PyTorch has them."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F

NAMES = {
    "x + 1": "AddBackward0", "1 - x": "RsubBackward1", "2 ** x": "PowBackward2",
    "x ** 2": "PowBackward0", "x ** x": "PowBackward1", "x @ x": "MmBackward0",
    "v @ v": "DotBackward0", "x @ v": "MvBackward0", "x.sum()": "SumBackward0",
    "x.sum(0)": "SumBackward1", "x.mean(1)": "MeanBackward1", "x.exp()": "ExpBackward0",
    "x[0]": "SelectBackward0", "x[:, 1]": "SelectBackward0", "x[None]": "UnsqueezeBackward0",
    "x.squeeze(0)": "SqueezeBackward1", "F.selu(x)": "EluBackward0", "x.square()": "PowBackward0",
    "F.relu6(x)": "HardtanhBackward0", "F.logsigmoid(x)": "LogSigmoidBackward0",
    "F.l1_loss(x, x + 1)": "MeanBackward0", "F.kl_div(x, x + 1, reduction='sum')": "SumBackward0",
    "F.cross_entropy(x, x)": "DivBackward1",
    "F.cross_entropy(x, x.detach().long().argmin(0), label_smoothing=0.1)": "AddBackward0",
    "F.cross_entropy(x, x.detach().long().argmin(0))": "NllLossBackward0",
    "F.nll_loss(x[None], x.detach().long().argmin(1)[None])": "NllLoss2DBackward0",
    "x.log1p()": "Log1PBackward0", "x.clamp(0, 1)": "ClampBackward1",
}  # fmt: skip


@pytest.mark.parametrize("text", NAMES)
def test_names(text: str) -> None:
    x, v = torch.ones(2, 2, requires_grad=True), torch.ones(2, requires_grad=True)
    made = eval(text, {"x": x, "v": v, "F": F})
    assert made.grad_fn.name() == NAMES[text]
    assert type(made.grad_fn).__name__ == NAMES[text]
    assert repr(made.grad_fn).startswith(f"<{NAMES[text]} object at 0x")
    made.sum().backward()
    assert x.grad is not None or v.grad is not None


def test_next_functions() -> None:
    x = torch.ones(2, requires_grad=True)
    y = (x * torch.ones(2)).sum()
    ((product, output),) = y.grad_fn.next_functions
    assert (type(product).__name__, output) == ("MulBackward0", 0)
    (leaf, _), nothing = product.next_functions
    assert leaf.variable is x
    assert leaf.name() == "torch::autograd::AccumulateGrad"
    assert nothing == (None, 0)


def test_writes_into_views() -> None:
    y = torch.ones(2, requires_grad=True).clone()
    y[0] = 3
    assert y.grad_fn.name() == type(y.grad_fn).__name__ == "CopySlices"
    assert repr(y) == "tensor([3., 1.], grad_fn=<CopySlices>)"


def test_what_grad_refuses() -> None:
    x, y = torch.ones(2), torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
        torch.autograd.grad((x * 2).sum(), x)
    with pytest.raises(RuntimeError, match="differentiated Tensors does not require grad"):
        torch.autograd.grad((y * 2).sum(), x)
    with pytest.raises(RuntimeError, match="cannot be empty"):
        torch.autograd.grad((y * 2).sum(), [])
    with pytest.raises(RuntimeError, match=r"gradient of size '\[3\]' to a tensor of size '\[2\]'"):
        y.grad = torch.ones(3)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.exp, "MulBackward0"),
        (torch.log, "DivBackward0"),
        (torch.tanh, "TanhBackwardBackward0"),
        (torch.relu, "ThresholdBackwardBackward0"),
        (lambda x: torch.softmax(x, 0), "SoftmaxBackwardDataBackward0"),
        (lambda x: x.sort().values.square(), "ScatterBackward0"),
        (lambda x: x.cumsum(0).square(), "FlipBackward0"),
    ],
)
def test_the_gradient_of_a_gradient_has_pytorchs_name(function: Any, name: str) -> None:
    x = torch.tensor([0.1, 0.2, 0.3], requires_grad=True)
    (first,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
    assert first.grad_fn.name() == name
