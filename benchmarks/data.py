"""Reading data sets through a DataLoader, no workers, shuffled: microseconds an image.

Noise in the shape of MNIST and CIFAR-10 takes the place of the files, so that nothing is needed;
the classes, the transforms and the loader are those that programs use.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from benchmarks.workload import Step, workload

_IMAGES = 2000


def _vision(torch: Any) -> tuple[Any, Any]:
    """(datasets, transforms) of the library that is measured."""
    if torch.__name__ == "rushlight":
        package = "rushlight.vision"
    else:
        importlib.import_module("tvstub")  # torchvision without its compiled part
        package = "torchvision"
    return importlib.import_module(f"{package}.datasets"), importlib.import_module(
        f"{package}.transforms"
    )


def _noise(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _reading(torch: Any, data: Any, transform: Any, batch: int) -> Step:
    """One pass over the data set."""
    data.transform, data.target_transform = transform, None
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True)

    def step() -> float:
        for images, _ in loader:
            last = images
        return last[0, 0, 0, 0].item()  # type: ignore[no-any-return]

    return step


def _mnist(torch: Any, datasets: Any) -> Any:
    data = datasets.MNIST.__new__(datasets.MNIST)
    data.data = torch.from_numpy(_noise((_IMAGES, 28, 28)))
    data.targets = torch.arange(_IMAGES) % 10
    return data


def _cifar(datasets: Any) -> Any:
    data = datasets.CIFAR10.__new__(datasets.CIFAR10)
    data.data = _noise((_IMAGES, 3, 32, 32)).transpose(0, 2, 3, 1)
    data.targets = [each % 10 for each in range(_IMAGES)]
    return data


@workload("MNIST, batch {}", sizes=(4, 64), threads=(1,), wanted=(2.0, 2.0), ops=_IMAGES,
          unit="us")  # fmt: skip
def read_mnist(torch: Any, batch: int) -> Step:
    datasets, transforms = _vision(torch)
    steps = [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    return _reading(torch, _mnist(torch, datasets), transforms.Compose(steps), batch)


@workload("MNIST resized to 32, batch {}", sizes=(4, 64), threads=(1,), wanted=(2.0, 2.0),
          ops=_IMAGES, unit="us")  # fmt: skip
def read_mnist_resized(torch: Any, batch: int) -> Step:
    datasets, transforms = _vision(torch)
    steps = [transforms.Resize(32), transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)]
    return _reading(torch, _mnist(torch, datasets), transforms.Compose(steps), batch)


@workload("CIFAR-10, batch {}", sizes=(4, 64), threads=(1,), wanted=(2.0, 2.0), ops=_IMAGES,
          unit="us")  # fmt: skip
def read_cifar(torch: Any, batch: int) -> Step:
    datasets, transforms = _vision(torch)
    steps = [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    return _reading(torch, _cifar(datasets), transforms.Compose(steps), batch)


@workload("CIFAR-10 cropped and flipped, batch {}", sizes=(4, 64), threads=(1,),
          wanted=(2.0, 2.0), ops=_IMAGES, unit="us")  # fmt: skip
def read_cifar_augmented(torch: Any, batch: int) -> Step:
    datasets, transforms = _vision(torch)
    steps = [
        transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(),
        transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3),
    ]  # fmt: skip
    return _reading(torch, _cifar(datasets), transforms.Compose(steps), batch)
