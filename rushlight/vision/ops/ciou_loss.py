"""torchvision's place of ``complete_box_iou_loss``; it is written in ``losses.py``."""

from rushlight.vision.ops.losses import complete_box_iou_loss

__all__ = ["complete_box_iou_loss"]
