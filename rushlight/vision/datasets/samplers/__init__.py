"""torchvision.datasets.samplers: parts of a data set for several processes; clips are left out."""

from typing import Any

from rushlight.base.left_out import LeftOut
from rushlight.vision.datasets.samplers.grouped import DistributedSampler

__all__ = ["DistributedSampler"]


def __getattr__(name: str) -> Any:
    if name in ("RandomClipSampler", "UniformClipSampler"):
        raise LeftOut(
            f"torchvision.datasets.samplers.{name} is left out of Rushlight: it takes clips out of "
            "videos, which are not part of it"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
