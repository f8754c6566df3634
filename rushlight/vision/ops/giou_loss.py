"""torchvision's place of ``generalized_box_iou_loss``; it is written in ``losses.py``."""

from rushlight.vision.ops.losses import generalized_box_iou_loss

__all__ = ["generalized_box_iou_loss"]
