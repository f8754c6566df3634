"""torchvision's names: data sets, transforms, image grids."""

from rushlight.vision import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]
