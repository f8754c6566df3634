"""Train, test, save, draw: the demonstration from beginning to end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from rushlight import nn
from rushlight.demo.model import CLASSES, SmallCNN
from rushlight.demo.pictures import draw_guesses, draw_losses
from rushlight.demo.progress import progress
from rushlight.nn import functional as F
from rushlight.optim import Adam
from rushlight.serialization import save
from rushlight.tensor import no_grad
from rushlight.tensor.generator import default_generator
from rushlight.utils.data import DataLoader
from rushlight.utils.data.arrays import array_of
from rushlight.vision.datasets import FashionMNISTSmall
from rushlight.vision.transforms import Compose, Normalize, ToTensor

BATCH = 64
SHOWN = 24  # test images in the picture
REPORT_EVERY = 10  # steps: the loss is computed only when somebody looks at it
PREPARE = Compose([ToTensor(), Normalize((0.286,), (0.353,))])  # mean and deviation of the pixels


@dataclass(frozen=True)
class Outcome:
    """What the demonstration found and where it put things."""

    accuracy: float
    by_class: dict[str, float]
    seconds: float
    images_per_second: float
    files: tuple[Path, ...]


def train(model: nn.Module, data: FashionMNISTSmall, epochs: int, rate: float) -> list[float]:
    """Train ``model``; the loss of every step."""
    loader = DataLoader(data, batch_size=BATCH, shuffle=True)
    optimizer = Adam(model.parameters(), lr=rate)
    losses, waiting, seen, start = [], [], 0, time.perf_counter()
    with progress(epochs * len(data)) as report:
        for _ in range(epochs):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()
                waiting.append(loss.detach())
                seen += len(labels)
                if len(waiting) == REPORT_EVERY:
                    losses += [float(each) for each in waiting]
                    waiting.clear()
                    report(seen, losses[-1], seen / (time.perf_counter() - start))
    return losses + [float(each) for each in waiting]


def guess(model: nn.Module, data: FashionMNISTSmall) -> list[int]:
    """The most likely class of every image."""
    model.eval()
    guesses: list[int] = []
    with no_grad():
        for images, _ in DataLoader(data, batch_size=250):
            guesses += model(images).argmax(dim=1).tolist()
    return guesses


def run(out: Path, epochs: int = 6, seed: int = 0) -> Outcome:
    """Train a small CNN on Fashion-MNIST; checkpoint and pictures go to the folder ``out``.

    The same seed gives the same weights on the same machine.
    """
    out.mkdir(parents=True, exist_ok=True)
    default_generator.manual_seed(seed)
    training = FashionMNISTSmall(train=True, transform=PREPARE)
    test = FashionMNISTSmall(train=False, transform=PREPARE)
    model = SmallCNN()
    start = time.perf_counter()
    losses = train(model, training, epochs, rate=1e-3)
    seconds = time.perf_counter() - start
    guesses = guess(model, test)
    labels: list[int] = test.targets.tolist()
    right = [guessed == label for guessed, label in zip(guesses, labels, strict=True)]
    by_class = {
        test.classes[k]: sum(r for r, label in zip(right, labels, strict=True) if label == k)
        / labels.count(k)
        for k in range(CLASSES)
    }
    checkpoint, curve, picture = out / "model.pt", out / "loss.png", out / "predictions.png"
    save(model.state_dict(), checkpoint)
    draw_losses(losses, curve)
    pixels = array_of(test.data)
    assert pixels is not None
    draw_guesses(pixels[:SHOWN], labels[:SHOWN], guesses[:SHOWN], test.classes, picture)
    return Outcome(
        accuracy=sum(right) / len(right),
        by_class=by_class,
        seconds=seconds,
        images_per_second=epochs * len(training) / seconds,
        files=(checkpoint, curve, picture),
    )


def describe(outcome: Outcome) -> str:
    """The lines that the command prints at the end."""
    lines = [
        f"trained in {outcome.seconds:.1f} s ({outcome.images_per_second:,.0f} images/s)",
        f"accuracy on 2,000 test images: {100 * outcome.accuracy:.1f} %",
        *(f"  {name:12s} {100 * share:5.1f} %" for name, share in outcome.by_class.items()),
        "written:",
        *(f"  {file}" for file in outcome.files),
    ]
    return "\n".join(lines)
