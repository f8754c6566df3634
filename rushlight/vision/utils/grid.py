"""Many images as one: make_grid, save_image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import image_module
from rushlight.vision.transforms.convert import detached_array


def _batch(tensor: Any) -> Array:
    """(B, C, H, W), C at least 3 for gray images."""
    if isinstance(tensor, list):
        for each in tensor:
            if not isinstance(each, Tensor):
                raise TypeError(
                    f"tensor or list of tensors expected, got a list containing {type(each)}"
                )
        images = np.stack([detached_array(each) for each in tensor])
    elif isinstance(tensor, Tensor):
        images = detached_array(tensor)
    else:
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.ndim == 4 and images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    return images


def _normalized(images: Array, value_range: tuple[float, float] | None) -> Array:
    kind = images.dtype.type
    low, high = value_range or (float(images.min()), float(images.max()))
    clipped = np.clip(images, kind(low), kind(high))
    return (clipped - kind(low)) / kind(max(high - low, 1e-5))


def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """(B, C, H, W) images in rows of ``nrow`` -> one (C, H', W') image; gray becomes three equal
    channels.

    ``normalize`` moves the values into [0, 1], from ``value_range`` or from what is there (of each
    image if ``scale_each``). Raises TypeError for other things than tensors.
    """
    images = _batch(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(
                "value_range has to be a tuple (min, max) if specified. min and max are numbers"
            )
        if scale_each:
            images = np.stack([_normalized(each, value_range) for each in images])
        else:
            images = _normalized(images, value_range)
    count, channels, height, width = images.shape
    if count == 1:
        return wrap(images[0].copy())
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    step_down, step_across = height + padding, width + padding
    size = (channels, step_down * rows + padding, step_across * columns + padding)
    grid = np.full(size, pad_value, images.dtype)
    for place, image in enumerate(images):
        top = place // columns * step_down + padding
        left = place % columns * step_across + padding
        grid[:, top : top + height, left : left + width] = image
    return wrap(grid)


def save_image(
    tensor: Tensor | list[Tensor], fp: Any, format: str | None = None, **kwargs: Any
) -> None:
    """``make_grid(tensor, **kwargs)`` as an image file; values 0 to 1 become 0 to 255."""
    grid = detached_array(make_grid(tensor, **kwargs))
    pixels = np.clip(grid * 255 + 0.5, 0, 255).transpose(1, 2, 0).astype(np.uint8)
    image_module().fromarray(np.ascontiguousarray(pixels)).save(fp, format=format)
