"""torchvision.utils: looking at images."""

from rushlight.vision.utils.draw import (
    draw_bounding_boxes,
    draw_keypoints,
    draw_segmentation_masks,
)
from rushlight.vision.utils.flow import flow_to_image
from rushlight.vision.utils.grid import make_grid, save_image

__all__ = [
    "draw_bounding_boxes",
    "draw_keypoints",
    "draw_segmentation_masks",
    "flow_to_image",
    "make_grid",
    "save_image",
]
