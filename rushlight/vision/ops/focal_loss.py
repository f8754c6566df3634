"""torchvision's place of ``sigmoid_focal_loss``; it is written in ``losses.py``."""

from rushlight.vision.ops.losses import sigmoid_focal_loss

__all__ = ["sigmoid_focal_loss"]
