"""Pillow, which only images need: imported when first used, with a clear error without it."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@functools.cache
def image_module() -> Any:
    """``PIL.Image``. Raises ImportError that says how to get it."""
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError(
            "images need Pillow, which is not installed: pip install 'rushlight[vision]' "
            "(or pip install pillow)"
        ) from error
    return PIL.Image


def is_image(thing: object) -> bool:
    """Whether ``thing`` is a PIL image; does not import Pillow to find out."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(thing, module.Image)


def open_image(path: str | Path) -> Any:
    """The image in a file, decoded, the file closed."""
    image = image_module().open(path)
    image.load()
    return image


def from_array(array: npt.NDArray[Any], mode: str | None = None) -> Any:
    """A PIL image of (H, W) or (H, W, C) pixels; the mode follows from the dtype and channels."""
    image = image_module().fromarray(array)
    return image if mode is None or image.mode == mode else _with_mode(array, mode)


def _with_mode(array: npt.NDArray[Any], mode: str) -> Any:
    """Pixels that mean something else than their number of channels suggests (HSV, YCbCr)."""
    height, width = array.shape[:2]
    return image_module().frombytes(mode, (width, height), np.ascontiguousarray(array).tobytes())
