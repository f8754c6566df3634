"""What layers compute, forward and backward, against PyTorch itself. Skipped without PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as rl

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not hasattr(torch, "_C"), reason="this torch is Rushlight"),
]

# (how to make it, the shape of its input)
LAYERS: list[tuple[Callable[[Any], Any], tuple[int, ...]]] = [
    (lambda nn: nn.Linear(7, 5), (4, 7)),
    (lambda nn: nn.Linear(7, 5, bias=False), (2, 3, 7)),
    (lambda nn: nn.Conv1d(4, 6, 3), (2, 4, 9)),
    (lambda nn: nn.Conv2d(3, 8, 3, stride=2, padding=1), (2, 3, 9, 8)),
    (lambda nn: nn.Conv2d(4, 8, (3, 2), dilation=2, groups=2, bias=False), (2, 4, 9, 8)),
    (lambda nn: nn.Conv2d(3, 4, 3, padding="same"), (2, 3, 5, 6)),
    (lambda nn: nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"), (2, 3, 5, 6)),
    (lambda nn: nn.MaxPool1d(2), (2, 3, 8)),
    (lambda nn: nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 8, 7)),
    (lambda nn: nn.AvgPool1d(2), (2, 3, 8)),
    (lambda nn: nn.AvgPool2d((2, 3)), (2, 3, 8, 9)),
    (lambda nn: nn.AdaptiveAvgPool1d(3), (2, 3, 8)),
    (lambda nn: nn.AdaptiveAvgPool2d((1, None)), (2, 3, 8, 9)),
    (lambda nn: nn.AdaptiveMaxPool2d(2), (2, 3, 8, 9)),
    (lambda nn: nn.Dropout(0.3), (4, 50)),
    (lambda nn: nn.Dropout2d(0.3), (4, 5, 3, 3)),
    (lambda nn: nn.BatchNorm1d(3), (5, 3)),
    (lambda nn: nn.BatchNorm2d(3, momentum=None), (2, 3, 4, 5)),
    (lambda nn: nn.InstanceNorm2d(3, affine=True), (2, 3, 4, 5)),
    (lambda nn: nn.LayerNorm([4, 5]), (2, 3, 4, 5)),
    (lambda nn: nn.GroupNorm(2, 4), (2, 4, 5)),
    (lambda nn: nn.RMSNorm(5), (2, 4, 5)),
    (lambda nn: nn.Flatten(), (2, 3, 4)),
    (lambda nn: nn.Unflatten(1, (2, 3)), (2, 6)),
    (lambda nn: nn.Upsample(scale_factor=2), (1, 2, 3, 4)),
    (lambda nn: nn.Upsample(size=(5, 7), mode="bilinear"), (1, 2, 3, 4)),
    (lambda nn: nn.ZeroPad2d((1, 2, 0, 1)), (1, 2, 3, 4)),
    (lambda nn: nn.ReflectionPad2d(1), (1, 2, 3, 4)),
    (lambda nn: nn.ReplicationPad2d(1), (1, 2, 3, 4)),
    (lambda nn: nn.PixelShuffle(2), (1, 8, 3, 4)),
    (lambda nn: nn.ReLU(), (3, 4)),
    (lambda nn: nn.ReLU(inplace=False), (3, 4)),
    (lambda nn: nn.ReLU6(), (3, 4)),
    (lambda nn: nn.LeakyReLU(0.2), (3, 4)),
    (lambda nn: nn.Hardtanh(), (3, 4)),
    (lambda nn: nn.Hardswish(), (3, 4)),
    (lambda nn: nn.Hardsigmoid(), (3, 4)),
    (lambda nn: nn.Sigmoid(), (3, 4)),
    (lambda nn: nn.Tanh(), (3, 4)),
    (lambda nn: nn.SiLU(), (3, 4)),
    (lambda nn: nn.Mish(), (3, 4)),
    (lambda nn: nn.ELU(), (3, 4)),
    (lambda nn: nn.CELU(2.0), (3, 4)),
    (lambda nn: nn.SELU(), (3, 4)),
    (lambda nn: nn.GLU(), (3, 4)),
    (lambda nn: nn.GELU(), (3, 4)),
    (lambda nn: nn.GELU("tanh"), (3, 4)),
    (lambda nn: nn.Softplus(), (3, 4)),
    (lambda nn: nn.Softsign(), (3, 4)),
    (lambda nn: nn.Softshrink(), (3, 4)),
    (lambda nn: nn.PReLU(), (3, 4)),
    (lambda nn: nn.LogSigmoid(), (3, 4)),
    (lambda nn: nn.Softmax(1), (3, 4)),
    (lambda nn: nn.LogSoftmax(-1), (3, 4)),
    (lambda nn: nn.Softmin(0), (3, 4)),
]


def run(lib: Any, make: Callable[[Any], Any], shape: tuple[int, ...]) -> dict[str, Any]:
    lib.manual_seed(3)
    layer = make(lib.nn)
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    x = lib.tensor(values, requires_grad=True)
    out = layer(x)
    weights = np.random.default_rng(2).normal(size=tuple(out.shape)).astype(np.float32)
    (out * lib.tensor(weights)).sum().backward()
    found = {"out": out.detach().numpy(), "x.grad": x.grad.numpy()}
    found |= {name: value.grad.numpy() for name, value in layer.named_parameters()}
    found |= {name: value.numpy() for name, value in layer.named_buffers()}
    layer.eval()
    found["eval"] = layer(x).detach().numpy()
    return found


@pytest.mark.parametrize(("make", "shape"), LAYERS, ids=range(len(LAYERS)))
def test_layer(make: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    theirs = run(torch, make, shape)
    mine = run(rl, make, shape)
    assert list(mine) == list(theirs)
    for name, value in theirs.items():
        np.testing.assert_allclose(mine[name], value, rtol=2e-5, atol=2e-6, err_msg=name)


LOSSES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda nn: nn.CrossEntropyLoss(label_smoothing=0.1), "classes"),
    (lambda nn: nn.CrossEntropyLoss(reduction="none"), "classes"),
    (lambda nn: nn.NLLLoss(), "classes"),
    (lambda nn: nn.MSELoss(), "values"),
    (lambda nn: nn.MSELoss(reduction="sum"), "values"),
    (lambda nn: nn.L1Loss(), "values"),
    (lambda nn: nn.SmoothL1Loss(beta=0.5), "values"),
    (lambda nn: nn.HuberLoss(delta=0.5), "values"),
    (lambda nn: nn.BCEWithLogitsLoss(), "shares"),
    (lambda nn: nn.KLDivLoss(reduction="batchmean"), "shares"),
]


@pytest.mark.parametrize(("make", "kind"), LOSSES, ids=range(len(LOSSES)))
def test_loss(make: Callable[[Any], Any], kind: str) -> None:
    results = []
    for lib in (rl, torch):
        rng = np.random.default_rng(4)
        x = lib.tensor(rng.normal(size=(6, 5)).astype(np.float32), requires_grad=True)
        target = {
            "classes": rng.integers(0, 5, 6),
            "values": rng.normal(size=(6, 5)).astype(np.float32),
            "shares": rng.uniform(0.1, 0.9, (6, 5)).astype(np.float32),
        }[kind]
        loss = make(lib.nn)(x, lib.tensor(target))
        loss.sum().backward()
        results.append((loss.detach().numpy(), x.grad.numpy()))
    for mine, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-5, atol=2e-6)
