"""torchvision.io: image files to tensors and back."""

from rushlight.base.left_out import leaving_out
from rushlight.vision.io import image
from rushlight.vision.io.image import (
    ImageReadMode,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    read_file,
    read_image,
    write_file,
    write_jpeg,
    write_png,
)

__all__ = [
    "ImageReadMode",
    "decode_gif",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "decode_webp",
    "encode_jpeg",
    "encode_png",
    "image",
    "read_file",
    "read_image",
    "write_file",
    "write_jpeg",
    "write_png",
]

_VIDEOS = "videos are not part of it"
__getattr__ = leaving_out(
    "torchvision.io",
    {
        "VideoReader": _VIDEOS,
        "decode_avif": "open the image with Pillow",
        "decode_heic": "open the image with Pillow and pillow-heif",
        "read_video": _VIDEOS,
        "read_video_timestamps": _VIDEOS,
        "write_video": _VIDEOS,
    },
)
