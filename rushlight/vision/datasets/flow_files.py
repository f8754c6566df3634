"""Motion and disparity in files: .flo, .pfm and PNG of sixteen bits.

.flo is Middlebury's (https://vision.middlebury.edu/flow/code/flow-code/README.txt): a mark, width,
height, then (H, W, 2) float32. .pfm is a portable float map, bottom row first. KITTI and HD1K keep
flow in RGB of sixteen bits: (u, v) * 64 + 2**15, and whether the pixel is known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.vision.pillow import image_module

FLO_MARK = b"PIEH"


def read_flo(path: str | Path) -> Array:
    """(2, H, W) float32. Raises ValueError if it is none."""
    data = Path(path).read_bytes()
    if data[:4] != FLO_MARK or len(data) < 12:
        raise ValueError(f"Magic number incorrect. Invalid .flo file ({path})")
    width, height = (int(each) for each in np.frombuffer(data, "<i4", 2, 4))
    if min(width, height) < 0 or len(data) < 12 + 8 * width * height:
        raise ValueError(f"{path} says {width} x {height} vectors and has {len(data)} bytes")
    values = np.frombuffer(data, "<f4", 2 * width * height, 12)
    return values.reshape(height, width, 2).transpose(2, 0, 1)


def read_pfm(path: str | Path, channels: int = 2) -> Array:
    """(channels, H, W) float32: the first of one or three. Raises ValueError if it is none."""
    kind, size, scale, data = (*Path(path).read_bytes().split(b"\n", 3), b"", b"", b"")[:4]
    if kind.rstrip() not in (b"PF", b"Pf"):
        raise ValueError(f"Invalid PFM file ({path})")
    try:
        width, height = (int(each) for each in size.split())
        order = "<" if float(scale) < 0 else ">"
    except ValueError as error:
        raise ValueError(f"Malformed PFM header. ({path}: {size!r}, {scale!r})") from error
    depth = 3 if kind.rstrip() == b"PF" else 1
    values = np.frombuffer(data, f"{order}f4").reshape(height, width, depth)
    return values.transpose(2, 0, 1)[:channels, ::-1].astype(np.float32)


def _bytes_of(path: str | Path, half: str) -> Array:
    """One byte of each value: Pillow has no RGB of sixteen bits, but unpacks either half."""
    image: Any = image_module().open(path)
    (tile,) = image.tile
    if tile.args != "RGB;16B":
        raise ValueError(f"{path} is no PNG of three channels of sixteen bits")
    image.tile = [tile._replace(args=half)]
    return np.asarray(image).astype(np.uint16)


def read_flow_png(path: str | Path) -> tuple[Array, Array]:
    """(flow (2, H, W) float32, whether it is known (H, W) bool)."""
    wide = (_bytes_of(path, "RGB;16B") << 8 | _bytes_of(path, "RGB;16L")).astype(np.float32)
    planes = wide.transpose(2, 0, 1)
    return (planes[:2] - np.float32(2**15)) / np.float32(64), planes[2] != 0
