"""Training steps as tutorials write them: zero_grad, forward, loss, backward, step, loss.item()."""

from __future__ import annotations

from typing import Any

from benchmarks.workload import COMPILED, IMAGES, Step, formed, workload


def loop(torch: Any, model: Any, momentum: float, shape: tuple[int, ...]) -> Step:
    """One ordinary step on random images or rows of ``shape`` and ten classes."""
    criterion = torch.nn.CrossEntropyLoss()
    model, inputs = formed(torch, model, torch.randn(*shape))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=momentum)
    labels = torch.randint(0, 10, (shape[0],))

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return loss.item()  # type: ignore[no-any-return]

    return step


@workload("tutorial CNN, batch {}, step", sizes=(4, 128), wanted=(5.0, 2.0), forms=IMAGES,
          memory=True)  # fmt: skip
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

    return loop(torch, Net(), 0.9, (batch, 3, 32, 32))


@workload(
    "perceptron 3072-1024-512-10, batch {}, step", sizes=(4, 128), wanted=(2.0, 1.2),
    forms=COMPILED, memory=True,
)  # fmt: skip
def perceptron(torch: Any, batch: int) -> Step:
    nn = torch.nn
    layers = [nn.Linear(3072, 1024), nn.ReLU(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10)]
    return loop(torch, nn.Sequential(*layers), 0.0, (batch, 3072))


@workload("logistic regression 784-10, batch {}, step", sizes=(8,), wanted=(6.0,),
          forms=COMPILED, memory=True)  # fmt: skip
def logistic(torch: Any, batch: int) -> Step:
    return loop(torch, torch.nn.Linear(784, 10), 0.0, (batch, 784))


@workload("MNIST Sequential CNN, batch {}, step", (4,), wanted=(5.0,), forms=IMAGES, memory=True)
def mnist_cnn(torch: Any, batch: int) -> Step:
    """The network of mnist_2022.py, its Softmax before the loss included."""
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout2d(),
        nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(320, 50), nn.ReLU(), nn.Linear(50, 10), nn.Softmax(dim=1),
    )  # fmt: skip
    return loop(torch, model, 0.9, (batch, 1, 28, 28))
