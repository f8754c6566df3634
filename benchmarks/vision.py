"""Published networks on 224x224 images: a training step, and inference with ``no_grad``."""

from __future__ import annotations

import importlib
from typing import Any

from benchmarks.training import loop
from benchmarks.workload import IMAGES, Step, formed, workload


@workload("ResNet-18 224x224, batch {}, step", (8,), (2,), (1.35,), forms=IMAGES, memory=True)
def resnet18(torch: Any, batch: int) -> Step:
    return _training(torch, "resnet18", batch)


@workload("ResNet-18 224x224, batch {}, inference", (8,), (2,), (1.4,), forms=IMAGES)
def resnet18_inference(torch: Any, batch: int) -> Step:
    return _inference(torch, "resnet18", batch)


@workload("ResNet-152 224x224, batch {}, step", (4,), (2,), (1.35,), forms=IMAGES, memory=True,
          long=True)  # fmt: skip
def resnet152(torch: Any, batch: int) -> Step:
    return _training(torch, "resnet152", batch)


@workload("ResNet-152 224x224, batch {}, inference", (4,), (2,), (1.4,), forms=IMAGES, long=True)
def resnet152_inference(torch: Any, batch: int) -> Step:
    return _inference(torch, "resnet152", batch)


@workload("VGG16 224x224, batch {}, step", (4,), (2,), (1.5,), forms=IMAGES, memory=True, long=True)
def vgg16(torch: Any, batch: int) -> Step:
    return _training(torch, "vgg16", batch)


@workload("VGG16 224x224, batch {}, inference", (4,), (2,), (1.3,), forms=IMAGES, long=True)
def vgg16_inference(torch: Any, batch: int) -> Step:
    return _inference(torch, "vgg16", batch)


@workload("MobileNet v2 224x224, batch {}, step", (8,), (2,), (2.0,), forms=IMAGES, memory=True,
          long=True)  # fmt: skip
def mobilenet_v2(torch: Any, batch: int) -> Step:
    return _training(torch, "mobilenet_v2", batch)


@workload("MobileNet v2 224x224, batch {}, inference", (8,), (2,), (2.0,), forms=IMAGES, long=True)
def mobilenet_v2_inference(torch: Any, batch: int) -> Step:
    return _inference(torch, "mobilenet_v2", batch)


def _training(torch: Any, name: str, batch: int) -> Step:
    return loop(torch, getattr(_models(torch), name)(), 0.9, (batch, 3, 224, 224))


def _inference(torch: Any, name: str, batch: int) -> Step:
    model = getattr(_models(torch), name)().eval()
    model, images = formed(torch, model, torch.randn(batch, 3, 224, 224))

    def step() -> float:
        with torch.no_grad():
            return model(images)[0, 0].item()  # type: ignore[no-any-return]

    return step


def _models(torch: Any) -> Any:
    """torchvision.models of the library that is measured."""
    if torch.__name__ == "rushlight":
        return importlib.import_module("rushlight.vision.models")
    importlib.import_module("tvstub")  # torchvision without its compiled part
    return importlib.import_module("torchvision.models")
