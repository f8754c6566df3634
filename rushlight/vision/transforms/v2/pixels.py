"""What v2 does to values and has no form in v1: channels, noise, JPEG, frames; of plain images."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import float32, int16, uint8
from rushlight.tensor import Tensor, linspace, randn_like
from rushlight.utils.data.arrays import wrap
from rushlight.vision.io.image import decode_jpeg, encode_jpeg
from rushlight.vision.pillow import image_module, is_image
from rushlight.vision.transforms.convert import (
    detached_array,
    image_array,
    pil_to_tensor,
    to_pil_image,
)


def permute_channels(image: Any, permutation: Sequence[int] | Tensor) -> Any:
    """(..., C, H, W) whose channel k was channel ``permutation[k]``.

    Raises ValueError for as many as there are not.
    """
    if is_image(image):
        return to_pil_image(permute_channels(pil_to_tensor(image), permutation))
    values = image_array(image, "permute_channels")
    order = permutation.tolist() if isinstance(permutation, Tensor) else list(permutation)
    if len(order) != values.shape[-3]:
        raise ValueError(
            "Length of permutation does not match number of channels: "
            f"{len(order)} != {values.shape[-3]}"
        )
    return wrap(np.ascontiguousarray(values[..., order, :, :])) if values.size else image


def grayscale_to_rgb(image: Any) -> Any:
    """One channel three times; an image of three or more stays as it is."""
    if is_image(image):
        return image.convert("RGB")
    channels = image.shape[-3]
    if channels >= 3:
        return image
    if channels != 1:
        raise ValueError(f"grayscale_to_rgb: an image needs 1 or 3 channels, got {channels}")
    return image.repeat(*(3 if axis == image.ndim - 3 else 1 for axis in range(image.ndim)))


def gaussian_noise(image: Any, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> Any:
    """Normal noise added, to bytes 255 times as much; ``clip`` keeps the range.

    Raises ValueError for PIL images, a negative ``sigma`` and other whole numbers than bytes.
    """
    if is_image(image):
        raise ValueError("Gaussian Noise is not implemented for PIL images.")
    if sigma < 0:
        raise ValueError(f"sigma shouldn't be negative. Got {sigma}")
    if image.is_floating_point():
        noisy = image + (mean + randn_like(image) * sigma)
        return noisy.clamp(0, 1) if clip else noisy
    if image.dtype != uint8:
        raise ValueError(
            f"Input tensor is expected to be in uint8 or float dtype, got dtype={image.dtype}"
        )
    noise = mean * 255 + randn_like(image, dtype=float32) * (sigma * 255)
    noisy = image + noise.to(int16)
    return (noisy.clamp(0, 255) if clip else noisy).to(uint8)


def jpeg(image: Any, quality: int) -> Any:
    """What is left after JPEG of a quality of 1 to 100: of PIL images and uint8 tensors."""
    if is_image(image):
        file = io.BytesIO()
        image.save(file, format="JPEG", quality=quality)
        return image_module().open(file).copy()
    values = detached_array(image)
    each = values.reshape(-1, *values.shape[-3:]) if values.size else values[:0]
    done = [detached_array(decode_jpeg(encode_jpeg(wrap(one), quality=quality))) for one in each]
    return wrap(np.stack(done).reshape(values.shape)) if done else image.clone()


def uniform_temporal_subsample(video: Tensor, num_samples: int) -> Tensor:
    """(..., T, C, H, W) -> ``num_samples`` frames at even steps, the first and last among them."""
    places = linspace(0, video.shape[-4] - 1, num_samples).long()
    return video.index_select(-4, places)
