"""Models: torchvision's parameter names and counts, and a published file of weights."""

from __future__ import annotations

from pathlib import Path

import pytest

import rushlight as torch
from rushlight.vision import models

CHECKPOINTS = Path(__file__).parents[3] / "shared" / "data" / "checkpoints"


def count(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameter_counts() -> None:
    assert count(models.resnet18()) == 11_689_512
    assert count(models.resnet50(num_classes=10)) == 23_528_522
    assert count(models.mobilenet_v2()) == 3_504_872


def test_names() -> None:
    names = list(models.resnet18(num_classes=2).state_dict())
    assert names[:3] == ["conv1.weight", "bn1.weight", "bn1.bias"]
    assert "layer2.0.downsample.1.running_var" in names
    assert names[-2:] == ["fc.weight", "fc.bias"]
    assert "features.3.conv.0.0.weight" in models.mobilenet_v2(num_classes=2).state_dict()


def test_a_step() -> None:
    model = models.resnet18(num_classes=3)
    loss = torch.nn.functional.cross_entropy(model(torch.randn(2, 3, 32, 32)), torch.tensor([0, 2]))
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_weights_are_not_downloaded() -> None:
    with pytest.raises(NotImplementedError, match="load_state_dict"):
        models.resnet18(weights="DEFAULT")
    with (
        pytest.warns(UserWarning, match="'pretrained' is deprecated"),
        pytest.raises(NotImplementedError),
    ):
        models.resnet18(pretrained=True)


@pytest.mark.skipif(not CHECKPOINTS.exists(), reason="the checkpoints are not here")
def test_published_weights_fit() -> None:
    model = models.mobilenet_v2()
    weights = torch.load(CHECKPOINTS / "mobilenet_v2-b0353104.pth")
    result = model.load_state_dict(weights)
    assert not result.missing_keys
    assert not result.unexpected_keys
    model.eval()
    with torch.no_grad():
        scores = model(torch.zeros(1, 3, 64, 64))
    assert scores.shape == (1, 1000)
    assert bool(torch.isfinite(scores).all())
