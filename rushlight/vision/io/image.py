"""Images as (C, H, W) uint8 tensors from encoded bytes, which are one-dimensional uint8 tensors.

Pillow does the work; its libraries are those of torchvision, so JPEG and PNG give the same bytes.
"""

from __future__ import annotations

import enum
import io
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.serialization.atomic import atomic_writer
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import image_module
from rushlight.vision.transforms.convert import detached_array

BEST_QUALITY, BEST_COMPRESSION = 100, 9


class ImageReadMode(enum.Enum):
    """Which channels a decoded image has."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


PILLOW_MODES = {ImageReadMode.GRAY: "L", ImageReadMode.GRAY_ALPHA: "LA", ImageReadMode.RGB: "RGB",
                ImageReadMode.RGB_ALPHA: "RGBA"}  # fmt: skip
GRAYS = (ImageReadMode.GRAY, ImageReadMode.GRAY_ALPHA)
WITH_ALPHA = (ImageReadMode.GRAY_ALPHA, ImageReadMode.RGB_ALPHA)
GRAY_WEIGHTS = (9794, 19234, 3740)  # of 2**15


def _mode(mode: ImageReadMode | str) -> ImageReadMode:
    return ImageReadMode[mode.upper()] if isinstance(mode, str) else mode


def read_file(path: str | Path) -> Tensor:
    """A file's bytes, as they are. Raises RuntimeError where it cannot be read."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RuntimeError(f"read_file: {error}") from error
    return wrap(np.frombuffer(bytearray(content), np.uint8))


def write_file(filename: str | Path, data: Tensor) -> None:
    """A one-dimensional uint8 tensor as a file."""
    values = detached_array(data)
    if values.ndim != 1 or values.dtype != np.uint8:
        raise RuntimeError(
            "write_file: input tensor should be one-dimensional and of dtype uint8, got "
            f"{tuple(values.shape)} of {data.dtype}"
        )
    with atomic_writer(Path(filename)) as file:
        file.write(values.tobytes())


def _opened(data: Tensor, kinds: tuple[str, ...] | None) -> Any:
    if not isinstance(data, Tensor):
        raise TypeError(f"decode: expected a tensor of encoded bytes, got {type(data)}")
    values = detached_array(data)
    if values.ndim != 1 or values.dtype != np.uint8 or not values.size:
        raise RuntimeError(
            "decode: expected a non empty 1-dimensional tensor of uint8, got "
            f"{tuple(values.shape)} of {data.dtype}"
        )
    module = image_module()
    try:
        return module.open(io.BytesIO(values.tobytes()), formats=kinds)
    except module.UnidentifiedImageError as error:
        wanted = "an image that Pillow knows" if kinds is None else " or ".join(kinds)
        raise RuntimeError(f"decode: the bytes are not {wanted}") from error
    except module.DecompressionBombError as error:
        raise RuntimeError(f"decode: {error}") from error


def _upright(picture: Any) -> Any:
    import PIL.ImageOps

    return PIL.ImageOps.exif_transpose(picture)


def _gray_of_png(picture: Any, mode: ImageReadMode) -> Array:
    """(1 or 2, H, W): the weights 0.2989, 0.587 and the rest in 15 bits, rounded down."""
    pixels = np.array(picture.convert("RGBA"), np.uint8)
    gray = (pixels[..., :3].astype(np.int32) @ np.array(GRAY_WEIGHTS, np.int32)) >> 15
    shown = gray.astype(np.uint8)
    alpha = [pixels[..., 3]] if mode is ImageReadMode.GRAY_ALPHA else []
    return np.stack([shown, *alpha])


def _channels(picture: Any, mode: ImageReadMode) -> Array:
    """(C, H, W). Of a palette UNCHANGED gives the places in it."""
    tiles = getattr(picture, "tile", ())
    if picture.mode == "I;16" or any("16B" in str(tile[3]) for tile in tiles):
        raise NotImplementedError("decode: images of 16 bits a channel, only of 8")
    kind = picture.format
    if kind == "GIF" or (kind == "WEBP" and mode in GRAYS):
        # These have colours in every mode.
        mode = ImageReadMode.RGB if kind == "GIF" else ImageReadMode.UNCHANGED
    if kind == "JPEG" and mode in WITH_ALPHA:
        raise RuntimeError("decode: the provided mode is not supported for JPEG files")
    if mode is ImageReadMode.UNCHANGED:
        if picture.mode == "1":
            picture = picture.convert("L")
        elif picture.mode not in ("P", "L", "LA", "RGB", "RGBA", "CMYK"):
            picture = picture.convert("RGB")
    elif kind == "PNG" and mode in GRAYS and picture.mode in ("P", "RGB", "RGBA"):
        return _gray_of_png(picture, mode)
    else:
        if mode is ImageReadMode.GRAY and kind == "JPEG":
            picture.draft("L", picture.size)  # the brightness that the file holds
        wanted = PILLOW_MODES[mode]
        picture = picture if picture.mode == wanted else picture.convert(wanted)
    pixels = np.array(picture, np.uint8)
    if kind == "JPEG" and picture.mode == "CMYK":
        pixels = ~pixels  # as the file has them
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _decoded(
    data: Tensor, mode: ImageReadMode | str, upright: bool, kinds: tuple[str, ...] | None
) -> Tensor:
    try:
        picture = _opened(data, kinds)
        if picture.format == "GIF" and getattr(picture, "n_frames", 1) > 1:
            frames = []
            for place in range(picture.n_frames):
                picture.seek(place)
                frames.append(_channels(picture, ImageReadMode.RGB))
            return wrap(np.stack(frames))
        if upright:
            kind = picture.format
            picture = _upright(picture)
            picture.format = kind
        return wrap(_channels(picture, _mode(mode)))
    except (OSError, SyntaxError, ValueError) as error:
        raise RuntimeError(f"decode: the image is damaged: {error}") from error


def decode_jpeg(
    input: Tensor | list[Tensor],
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    device: Any = "cpu",
    apply_exif_orientation: bool = False,
) -> Any:
    """The bytes of a JPEG (or a list of them) -> (C, H, W) uint8."""
    if str(device) != "cpu":
        raise NotImplementedError(f"decode_jpeg on {device}: only on the CPU")
    if isinstance(input, list):
        if not input:
            raise ValueError("Input list must contain at least one element")
        return [_decoded(each, mode, apply_exif_orientation, ("JPEG",)) for each in input]
    return _decoded(input, mode, apply_exif_orientation, ("JPEG",))


def decode_png(
    input: Tensor,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The bytes of a PNG -> (C, H, W) uint8."""
    return _decoded(input, mode, apply_exif_orientation, ("PNG",))


def decode_gif(input: Tensor) -> Tensor:
    """The bytes of a GIF -> (3, H, W), or (N, 3, H, W) of a moving one."""
    return _decoded(input, ImageReadMode.RGB, False, ("GIF",))


def decode_webp(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The bytes of a WebP -> (C, H, W) uint8."""
    return _decoded(input, mode, False, ("WEBP",))


def decode_avif(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The bytes of an AVIF -> (C, H, W) uint8. Pillow reads them since its release 11.3."""
    from PIL import features

    if not features.check("avif"):
        raise NotImplementedError("decode_avif: this Pillow is made without AVIF; 11.3 has it")
    return _decoded(input, mode, False, ("AVIF",))


def decode_heic(input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The bytes of an HEIC -> (C, H, W) uint8, through the package pillow-heif."""
    try:
        import pillow_heif
    except ImportError as error:
        raise ImportError(
            "decode_heic needs pillow-heif, which is not installed: pip install pillow-heif"
        ) from error
    pillow_heif.register_heif_opener()
    return _decoded(input, mode, False, ("HEIF",))


def decode_image(
    input: Tensor | str | Path,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """Encoded bytes, or the file at a path -> (C, H, W); raises RuntimeError for what is none."""
    data = input if isinstance(input, Tensor) else read_file(input)
    return _decoded(data, mode, apply_exif_orientation, ("JPEG", "PNG", "GIF", "WEBP"))


def read_image(
    path: str | Path,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The image in a file -> (C, H, W)."""
    return decode_image(read_file(path), mode, apply_exif_orientation)


def _encoded(input: Tensor, kind: str, **options: Any) -> Tensor:
    values = detached_array(input)
    if values.dtype != np.uint8:
        raise RuntimeError(f"Input tensor dtype should be uint8, got {input.dtype}")
    if values.ndim != 3:
        raise RuntimeError(f"Input data should be a 3-dimensional tensor, got {values.ndim}")
    if values.shape[0] not in (1, 3):
        raise RuntimeError(f"The number of channels should be 1 or 3, got: {values.shape[0]}")
    pixels = values[0] if values.shape[0] == 1 else values.transpose(1, 2, 0)
    target = io.BytesIO()
    image_module().fromarray(np.ascontiguousarray(pixels)).save(target, kind, **options)
    return wrap(np.frombuffer(bytearray(target.getvalue()), np.uint8))


def encode_jpeg(input: Tensor | list[Tensor], quality: int = 75) -> Any:
    """(1 or 3, H, W) uint8 (or a list of them) -> the bytes of a JPEG."""
    if not 1 <= quality <= BEST_QUALITY:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        if not input:
            raise ValueError("encode_jpeg requires at least one input tensor when a list is passed")
        return [_encoded(each, "JPEG", quality=quality) for each in input]
    return _encoded(input, "JPEG", quality=quality)


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """(1 or 3, H, W) uint8 -> the bytes of a PNG."""
    if not 0 <= compression_level <= BEST_COMPRESSION:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encoded(input, "PNG", compress_level=compression_level)


def write_jpeg(input: Tensor, filename: str | Path, quality: int = 75) -> None:
    """``encode_jpeg`` as a file."""
    write_file(filename, encode_jpeg(input, quality))


def write_png(input: Tensor, filename: str | Path, compression_level: int = 6) -> None:
    """``encode_png`` as a file."""
    write_file(filename, encode_png(input, compression_level))
