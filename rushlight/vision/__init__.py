"""torchvision's names: data sets, transforms, models, image grids."""

from rushlight.vision import datasets, models, ops, transforms, utils

__version__ = "0.28.0"  # whose interface this is

__all__ = ["datasets", "models", "ops", "transforms", "utils"]
