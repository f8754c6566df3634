"""Runs that depend on nothing but the seed, under Rushlight or real PyTorch: JSON of their numbers.

python training_runs.py rushlight NAME [FOLDER]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any


def streams() -> dict[str, Any]:
    """The generator's numbers in many shapes and sizes, drawn one after the other."""
    import torch

    torch.manual_seed(0)
    small = {
        "rand": torch.rand(5), "randn 5": torch.randn(5), "randn 16": torch.randn(16),
        "randn 37": torch.randn(37), "randint": torch.randint(0, 10, (7,)),
        "randint wide": torch.randint(-5, 2**40, (3,)), "randperm": torch.randperm(11),
        "rand double": torch.rand(4, dtype=torch.float64),
        "randn double": torch.randn(21, dtype=torch.float64),
        "randn_like": torch.randn_like(torch.ones(3, 3)), "normal": torch.normal(2.0, 3.0, (4,)),
        "uniform_": torch.empty(4).uniform_(-1, 1), "normal_": torch.empty(19).normal_(1, 2),
        "bernoulli": torch.bernoulli(torch.full((9,), 0.3)),
        "multinomial": torch.multinomial(torch.tensor([1.0, 2.0, 3.0]), 2),
        "random_": torch.empty(3, dtype=torch.int64).random_(0, 100),
        "bool": torch.rand(6) < 0.5, "0-d": torch.randn(()),
    }  # fmt: skip
    big = {
        "rand": torch.rand(40_000), "randn": torch.randn(3, 33, 101),
        "randint": torch.randint(1000, (5000,)), "randperm": torch.randperm(60_000),
    }  # fmt: skip
    return {
        **{name: value.tolist() for name, value in small.items()},
        **{f"{name} big": value.flatten()[::1997].tolist() for name, value in big.items()},
    }


def weights() -> dict[str, Any]:
    """First weights of layers."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    layers = [
        nn.Linear(7, 5), nn.Linear(400, 120), nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5),
        nn.Conv2d(4, 8, 3, groups=2, bias=False), nn.Conv1d(3, 4, 3), nn.Embedding(11, 6),
    ]  # fmt: skip
    return {
        f"{number} {name}": value.flatten()[:: 1 + value.numel() // 40].tolist()
        for number, layer in enumerate(layers)
        for name, value in layer.state_dict().items()
    }


def shuffles() -> dict[str, Any]:
    """Orders in which a shuffling loader gives its rows: two epochs, 0 and 2 workers, a split."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset, random_split

    torch.manual_seed(0)
    data = TensorDataset(torch.arange(101))
    orders: dict[str, Any] = {}
    for workers in (0, 2):
        loader = DataLoader(data, batch_size=7, shuffle=True, num_workers=workers)
        for epoch in (1, 2):
            orders[f"{workers} workers, epoch {epoch}"] = [rows.tolist() for (rows,) in loader]
    orders["split"] = [part.indices for part in random_split(data, [0.7, 0.3])]
    orders["after"] = torch.rand(3).tolist()
    return orders


def _steps(model: Any, optimizer: Any, batches: Iterator[tuple[Any, Any]]) -> list[float]:
    import torch

    losses = []
    for inputs, labels in batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def _tutorial_net() -> Any:
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Net(nn.Module):
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

    return Net()


def classifier(folder: str) -> list[float]:
    """classifier_2024.py's loop, its first 500 losses on CIFAR-10."""
    from itertools import islice

    import torch

    if "rushlight" not in str(torch.__file__):
        import tvstub  # noqa: F401  torchvision without its compiled operations
    import torchvision
    from torchvision import transforms

    torch.manual_seed(0)
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
    )
    data = torchvision.datasets.CIFAR10(root=folder, train=True, transform=transform)
    loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True, num_workers=2)
    net = _tutorial_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
    return _steps(net, optimizer, islice(iter(loader), 500))


def tutorial(count: int = 30) -> list[float]:
    """The same net on random pictures that differ by class."""
    import torch

    torch.manual_seed(0)
    net = _tutorial_net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    means = torch.randn(10, 3, 32, 32)

    def batches() -> Iterator[tuple[Any, Any]]:
        for _ in range(count):
            labels = torch.randint(10, (4,))
            yield means[labels] + torch.randn(4, 3, 32, 32), labels

    return _steps(net, optimizer, batches())


def batch_norm() -> list[float]:
    """A net with batch norm, 50 steps."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, stride=2), nn.BatchNorm2d(16), nn.SiLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 4),
    )  # fmt: skip
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    means = torch.randn(4, 3, 12, 12)

    def batches() -> Iterator[tuple[Any, Any]]:
        for _ in range(50):
            labels = torch.randint(4, (16,))
            yield means[labels] + torch.randn(16, 3, 12, 12), labels

    return _steps(net, optimizer, batches())


def perceptron() -> list[float]:
    """A perceptron with Adam, 50 steps of a ragged shuffling loader."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(0)
    labels = torch.randint(5, (250,))
    data = TensorDataset(torch.randn(5, 20)[labels] + torch.randn(250, 20), labels)
    net = nn.Sequential(
        nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 5)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loader = DataLoader(data, batch_size=26, shuffle=True)
    return [loss for _ in range(5) for loss in _steps(net, optimizer, iter(loader))]


def words() -> list[float]:
    """Embedding, layer norm and dropout, 50 steps of AdamW."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(50, 24)
            self.norm = nn.LayerNorm(24)
            self.dropout = nn.Dropout(0.2)
            self.hidden = nn.Linear(24, 48)
            self.out = nn.Linear(48, 3)

        def forward(self, x: Any) -> Any:
            x = self.norm(self.embedding(x).mean(dim=1))
            return self.out(self.dropout(nn.functional.gelu(self.hidden(x))))

    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)

    def batches() -> Iterator[tuple[Any, Any]]:
        for _ in range(50):
            labels = torch.randint(3, (12,))
            yield torch.randint(0, 17, (12, 9)) + 16 * labels[:, None], labels

    return _steps(net, optimizer, batches())


RUNS = {
    "streams": streams, "weights": weights, "shuffles": shuffles, "classifier": classifier,
    "tutorial": tutorial, "batch_norm": batch_norm, "perceptron": perceptron, "words": words,
}  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1] == "rushlight":
        from rushlight.compat.finder import install

        install()
    for chosen in sys.argv[2].split(","):
        print(json.dumps(RUNS[chosen](*sys.argv[3:])), flush=True)
