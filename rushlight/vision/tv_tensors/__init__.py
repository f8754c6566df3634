"""torchvision.tv_tensors: tensors that know what they are, for transforms.v2."""

from rushlight.vision.tv_tensors.boxes import (
    BoundingBoxes,
    BoundingBoxFormat,
    is_rotated_bounding_format,
)
from rushlight.vision.tv_tensors.keypoints import KeyPoints
from rushlight.vision.tv_tensors.kinds import Image, Mask, TVTensor, Video, wrap
from rushlight.vision.tv_tensors.returned import set_return_type

# What describes an image without being one: changes of colour leave it as it is.
ANNOTATIONS = (Mask, BoundingBoxes, KeyPoints)

__all__ = [
    "BoundingBoxFormat",
    "BoundingBoxes",
    "Image",
    "KeyPoints",
    "Mask",
    "TVTensor",
    "Video",
    "is_rotated_bounding_format",
    "set_return_type",
    "wrap",
]
