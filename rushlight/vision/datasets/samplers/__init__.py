"""torchvision.datasets.samplers: parts of a data set for several processes, clips of films."""

from rushlight.vision.datasets.samplers.clips import RandomClipSampler, UniformClipSampler
from rushlight.vision.datasets.samplers.grouped import DistributedSampler

__all__ = ["DistributedSampler", "RandomClipSampler", "UniformClipSampler"]
