"""A file that others trained, in a network written by its user: 91.73 % of CIFAR-10's test set."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F

WORK = Path(__file__).parents[4]
WEIGHTS = WORK / "shared" / "data" / "checkpoints" / "resnet20-12fca82f.th"
IMAGES = WORK / "laid" / "cifar-10-batches-py" / "test_batch"


class Block(nn.Module):
    """Two 3x3 convolutions; where the channels double, the way around is padded with zeros."""

    def __init__(self, wide: int, channels: int) -> None:
        super().__init__()
        self.stride = channels // wide
        self.conv1 = nn.Conv2d(wide, channels, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.border = (channels - wide) // 2

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.border, self.border))
        return F.relu(out + x)


class ResNet20(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16), Block(16, 16), Block(16, 16))
        self.layer2 = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.layer3 = nn.Sequential(Block(32, 64), Block(64, 64), Block(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean([2, 3]))


@pytest.mark.slow
@pytest.mark.skipif(not (WEIGHTS.exists() and IMAGES.exists()), reason="the files are not here")
def test_score() -> None:
    model = ResNet20()
    state = torch.load(WEIGHTS, map_location="cpu")["state_dict"]
    model.load_state_dict({name.removeprefix("module."): v for name, v in state.items()})
    model.eval()
    with IMAGES.open("rb") as file:
        batch = pickle.load(file, encoding="bytes")
    images = torch.from_numpy(batch[b"data"].reshape(-1, 3, 32, 32))
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    right = 0
    with torch.no_grad():
        parts = np.split(np.array(batch[b"labels"]), 40)
        for part, labels in zip(images.split(250), parts, strict=True):
            scores = model((part.float() / 255 - mean) / deviation)
            right += int((scores.argmax(1).numpy() == labels).sum())
    assert right == 9173
