"""torchvision's place of ``distance_box_iou_loss``; it is written in ``losses.py``."""

from rushlight.vision.ops.losses import distance_box_iou_loss

__all__ = ["distance_box_iou_loss"]
