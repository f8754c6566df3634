"""torchvision.tv_tensors: tensors that know what they are, for transforms.v2."""

from rushlight.vision.tv_tensors.boxes import BoundingBoxes, BoundingBoxFormat
from rushlight.vision.tv_tensors.kinds import Image, Mask, TVTensor, Video, wrap

__all__ = ["BoundingBoxFormat", "BoundingBoxes", "Image", "Mask", "TVTensor", "Video", "wrap"]
