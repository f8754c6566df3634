"""torchvision's names: data sets, transforms, models, image grids."""

from rushlight.vision import datasets, io, models, ops, transforms, tv_tensors, utils

__version__ = "0.28.0"  # whose interface this is

__all__ = ["datasets", "io", "models", "ops", "transforms", "tv_tensors", "utils"]
