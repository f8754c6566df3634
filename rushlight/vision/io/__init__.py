"""torchvision.io: image files and films to tensors and back."""

from rushlight.base.left_out import leaving_out
from rushlight.vision.io import image, video
from rushlight.vision.io.image import (
    ImageReadMode,
    decode_avif,
    decode_gif,
    decode_heic,
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
from rushlight.vision.io.video import read_video, read_video_timestamps, write_video

__all__ = [
    "ImageReadMode",
    "decode_avif",
    "decode_gif",
    "decode_heic",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "decode_webp",
    "encode_jpeg",
    "encode_png",
    "image",
    "read_file",
    "read_image",
    "read_video",
    "read_video_timestamps",
    "video",
    "write_file",
    "write_jpeg",
    "write_png",
    "write_video",
]

__getattr__ = leaving_out(
    "torchvision.io",
    {
        "VideoReader": "read_video reads films",
    },
)
