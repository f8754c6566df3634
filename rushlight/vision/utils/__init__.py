"""torchvision.utils: looking at images."""

from rushlight.vision.utils.grid import make_grid, save_image

__all__ = ["make_grid", "save_image"]
