"""Training steps as tutorials write them: zero_grad, forward, loss, backward, step, loss.item()."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.workload import Step, workload


def _loop(torch: Any, model: Any, momentum: float, shape: tuple[int, ...]) -> Step:
    """One ordinary step on random images or rows of ``shape`` and ten classes."""
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=momentum)
    inputs = torch.randn(*shape)
    labels = torch.randint(0, 10, (shape[0],))

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return loss.item()  # type: ignore[no-any-return]

    return step


@workload("tutorial CNN, batch {}, step", sizes=(4, 128), wanted=(3.0, 1.3), memory=True)
def cnn(torch: Any, batch: int) -> Step:
    nn, F = torch.nn, torch.nn.functional

    class Net(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 6, 5)
            self.pool = nn.MaxPool2d(2, 2)
            self.conv2 = nn.Conv2d(6, 16, 5)
            self.fc1 = nn.Linear(16 * 5 * 5, 120)
            self.fc2 = nn.Linear(120, 84)
            self.fc3 = nn.Linear(84, 10)

        def forward(self, x: Any) -> Any:
            x = self.pool(F.relu(self.conv1(x)))
            x = self.pool(F.relu(self.conv2(x)))
            x = torch.flatten(x, 1)
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            return self.fc3(x)

    return _loop(torch, Net(), 0.9, (batch, 3, 32, 32))


@workload(
    "perceptron 3072-1024-512-10, batch {}, step", sizes=(4, 128), wanted=(1.5, 1.1), memory=True
)
def perceptron(torch: Any, batch: int) -> Step:
    nn = torch.nn
    layers = [nn.Linear(3072, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10)]
    return _loop(torch, nn.Sequential(*layers), 0.0, (batch, 3072))


@workload("logistic regression 784-10, batch {}, step", sizes=(8,), wanted=(4.0,), memory=True)
def logistic(torch: Any, batch: int) -> Step:
    return _loop(torch, torch.nn.Linear(784, 10), 0.0, (batch, 784))


@workload("ResNet-18 224x224, batch {}, step", (8,), (2,), (1.35,), memory=True, long=True)
def resnet18(torch: Any, batch: int) -> Step:
    return _images(torch, "resnet18", batch)


@workload("ResNet-152 224x224, batch {}, step", (4,), (2,), (1.35,), memory=True, long=True)
def resnet152(torch: Any, batch: int) -> Step:
    return _images(torch, "resnet152", batch)


@workload("VGG16 224x224, batch {}, step", (4,), (2,), (1.5,), memory=True, long=True)
def vgg16(torch: Any, batch: int) -> Step:
    return _images(torch, "vgg16", batch)


@workload("MobileNet v2 224x224, batch {}, step", (8,), (2,), (2.0,), memory=True, long=True)
def mobilenet_v2(torch: Any, batch: int) -> Step:
    return _images(torch, "mobilenet_v2", batch)


def _images(torch: Any, name: str, batch: int) -> Step:
    models = _models(torch)
    model = getattr(models, name)() if hasattr(models, name) else _vgg16(torch)
    return _loop(torch, model, 0.9, (batch, 3, 224, 224))


def _vgg16(torch: Any) -> Any:
    """Simonyan and Zisserman, 2014, configuration D."""
    nn = torch.nn
    layers: list[Any] = []
    channels = 3
    for count, width in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    channels *= 49
    for _ in range(2):
        layers += [nn.Linear(channels, 4096), nn.ReLU(inplace=True), nn.Dropout()]
        channels = 4096
    return nn.Sequential(*layers, nn.Linear(channels, 1000))


def _models(torch: Any) -> Any:
    """torchvision.models of the library that is measured."""
    if torch.__name__ == "rushlight":
        return importlib.import_module("rushlight.vision.models")
    importlib.import_module("tvstub")
    return importlib.import_module("torchvision.models")
