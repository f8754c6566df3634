"""Pictures of any make as rows of bytes, and those as PNG (ISO/IEC 15948), without Pillow."""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np

from rushlight.tensor import Tensor

Array = np.ndarray[Any, Any]
_COLOURS = {1: 0, 3: 2, 4: 6}  # channels: PNG's colour type
_UP = 2  # PNG's filter: each byte less the one above it


def array_of(value: Any) -> Array:
    """A copy of a tensor's (bfloat16 as float32), an array's or a list's elements."""
    if isinstance(value, Tensor):
        plain: Any = value.detach()
        plain = plain.float() if plain.dtype.is_floating_point else plain
        return np.array(plain.numpy())
    return np.array(value)


def pixels_of(picture: Any) -> Array:
    """A picture as bytes (H, W, C), C of 1, 3 or 4. ValueError for what is none.

    (H, W), (C, H, W), (H, W, C) where only the last axis can be channels, (N, C, H, W) as a grid,
    or a Pillow image. Whole numbers are 0 to 255, fractions and booleans 0 to 1; NaN is black.
    """
    if not isinstance(picture, Tensor) and hasattr(picture, "convert"):  # Pillow
        picture = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
    array = array_of(picture)
    shape = array.shape
    if array.ndim == 2:
        array = array[..., None]
    elif array.ndim == 3 and shape[0] in _COLOURS:
        array = array.transpose(1, 2, 0)
    elif array.ndim == 4 and shape[1] in _COLOURS:
        array = _grid(array)
    if array.ndim != 3 or array.shape[2] not in _COLOURS or 0 in array.shape:
        raise ValueError(
            f"image: shape {shape} is no picture; needs (H, W), (C, H, W), (H, W, C) or "
            "(N, C, H, W) with 1, 3 or 4 channels and at least one pixel"
        )
    if array.dtype.kind not in "fiub":
        raise TypeError(f"image: elements of {array.dtype} are no colours")
    if array.dtype.kind in "fb":
        array = np.nan_to_num(array.astype(np.float32), posinf=1.0, neginf=0.0) * 255.0 + 0.5
    return np.clip(array, 0, 255).astype(np.uint8)


def _grid(batch: Array) -> Array:
    """(N, C, H, W) as one picture, one pixel between two."""
    count, channels, height, width = batch.shape
    if not count:
        return batch
    columns = min(count, max(1, math.isqrt(count - 1) + 1))
    rows = -(-count // columns)
    canvas = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, channels), batch.dtype)
    for place, one in enumerate(batch):
        top, left = place // columns * (height + 1), place % columns * (width + 1)
        canvas[top : top + height, left : left + width] = one.transpose(1, 2, 0)
    return canvas


def png(pixels: Array) -> bytes:
    """Bytes (H, W, C) as a PNG file.

    >>> png(np.zeros((2, 3, 1), np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    lines = np.full((height, 1 + width * channels), _UP, np.uint8)
    lines[0, 1:] = rows[0]
    lines[1:, 1:] = rows[1:] - rows[:-1]  # bytes wrap around, as the filter wants
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    packed = zlib.compress(lines.tobytes(), 6)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")
    )  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
