"""Pixels changed by their own value: invert, posterize, solarize, autocontrast, equalize, gamma;
and by their neighbours': sharpness, Gaussian blur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import image_module, is_image
from rushlight.vision.transforms.colour import blend, enhance, largest, not_negative
from rushlight.vision.transforms.convert import (
    array_in_range,
    image_array,
    pil_to_tensor,
    to_pil_image,
)
from rushlight.vision.transforms.operations import get_dimensions


def _ops() -> Any:
    image_module()  # the clear error, if Pillow is not there
    import PIL.ImageOps

    return PIL.ImageOps


def _pixels(img: Any, who: str) -> Array:
    """The array of a tensor image with one channel or three."""
    channels = get_dimensions(img)[0]
    if img.ndim < 3:
        raise TypeError(
            f"Input image tensor should have at least 3 dimensions, but found {img.ndim}"
        )
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are [1, 3], but found {channels}"
        )
    return image_array(img, who)


def _bytes(img: Any, who: str) -> Array:
    values = _pixels(img, who)
    if values.dtype != np.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    return values


def invert(img: Any) -> Any:
    """The largest value minus the pixel."""
    if is_image(img):
        return _ops().invert(img)
    values = _pixels(img, "invert")
    return wrap(values.dtype.type(largest(values.dtype)) - values)


def posterize(img: Any, bits: int) -> Any:
    """Only the first ``bits`` binary digits of each byte are kept."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if is_image(img):
        return _ops().posterize(img, bits)
    return wrap(_bytes(img, "posterize") & np.uint8(256 - 2 ** (8 - bits)))


def solarize(img: Any, threshold: float) -> Any:
    """Pixels of at least ``threshold`` are inverted."""
    if is_image(img):
        return _ops().solarize(img, threshold)
    values = _pixels(img, "solarize")
    bound = largest(values.dtype)
    if threshold > bound:
        raise TypeError("Threshold should be less than bound of img.")
    # Whole numbers beside a float are float32: 170 is at least 170.000005 in that.
    wide = values if values.dtype.kind == "f" else values.astype(np.float32)
    limit = wide.dtype.type(threshold)
    return wrap(np.where(wide >= limit, values.dtype.type(bound) - values, values))


def autocontrast(img: Any) -> Any:
    """Each channel stretched to the whole range; one of a single value stays."""
    if is_image(img):
        return _ops().autocontrast(img)
    values = _pixels(img, "autocontrast")
    kind = values.dtype
    work: Any = kind.type if kind.kind == "f" else np.float32
    bound = work(largest(kind))
    low = values.min(axis=(-2, -1), keepdims=True).astype(work)
    high = values.max(axis=(-2, -1), keepdims=True).astype(work)
    with np.errstate(divide="ignore"):
        scale = work(1) / (high - low) * bound  # in this order, as tensors divide a number
    flat = ~np.isfinite(scale)
    low[flat], scale[flat] = 0, 1
    return wrap(np.clip((values - low) * scale, 0, bound).astype(kind))


def _equalized(channel: Array) -> Array:
    """(H, W) bytes with every level about equally frequent."""
    counts = np.bincount(channel.reshape(-1), minlength=256)
    step = int(counts[counts != 0][:-1].sum()) // 255
    if step == 0:
        return channel
    table = (np.cumsum(counts) + step // 2) // step
    table = np.clip(np.concatenate([[0], table[:-1]]), 0, 255).astype(np.uint8)
    return table[channel]


def equalize(img: Any) -> Any:
    """A histogram as flat as possible, channel by channel; bytes only."""
    if is_image(img):
        return _ops().equalize(img)
    values = _bytes(img, "equalize")
    if values.ndim > 4:
        raise TypeError(f"Input image tensor should have 3 or 4 dimensions, but found {img.ndim}")
    flat = values.reshape(-1, *values.shape[-2:])
    return wrap(np.array([_equalized(each) for each in flat]).reshape(values.shape))


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain * pixel ** gamma, with the range as 0 to 1."""
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if is_image(img):
        almost = 255 + 1 - 1e-3
        table = [int(almost * gain * pow(each / 255.0, gamma)) for each in range(256)]
        return img.convert("RGB").point(table * 3).convert(img.mode)
    values = _pixels(img, "adjust_gamma")
    floats = values if values.dtype.kind == "f" else array_in_range(values, np.dtype(np.float32))
    result = np.clip(floats.dtype.type(gain) * floats ** floats.dtype.type(gamma), 0, 1)
    return wrap(array_in_range(result, values.dtype))


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """0 is blurred, 1 the image itself, 2 twice as sharp."""
    if is_image(img):
        return enhance("Sharpness", img, sharpness_factor)
    not_negative("sharpness_factor", sharpness_factor)
    values = _pixels(img, "adjust_sharpness")
    if min(values.shape[-2:]) <= 2:
        return img
    blurred = values.copy()
    blurred[..., 1:-1, 1:-1] = smoothed(values)
    return blend(values, blurred, sharpness_factor)


def smoothed(values: Array) -> Array:
    """(..., H, W) -> (..., H - 2, W - 2): means of nine, five parts for the middle; whole numbers
    are rounded."""
    height, width = values.shape[-2:]
    work: Any = values.dtype.type if values.dtype.kind == "f" else np.float32
    total = values[..., 1:-1, 1:-1] * work(5 / 13)
    for down in range(3):
        for across in range(3):
            if (down, across) != (1, 1):
                part = values[..., down : height - 2 + down, across : width - 2 + across]
                total = total + part * work(1 / 13)
    return np.rint(total) if values.dtype.kind != "f" else total


def _gaussian(size: int, sigma: float) -> Array:
    places = np.arange(size) - (size - 1) * 0.5
    weights = np.exp(-0.5 * (places / sigma) ** 2)
    return weights / weights.sum()


def _blurred(values: Array, size: Sequence[int], sigma: Sequence[float]) -> Array:
    kind = values.dtype
    across, down = size
    height, width = values.shape[-2:]
    borders = [(0, 0)] * (values.ndim - 2) + [(down // 2,) * 2, (across // 2,) * 2]
    if down // 2 >= height or across // 2 >= width:
        raise RuntimeError(
            f"gaussian_blur: a kernel of {across} x {down} reaches over an image of "
            f"{width} x {height}; it may be at most twice as large, less one"
        )
    padded = np.pad(values.astype(np.float64), borders, mode="reflect")
    rows = sum(
        weight * padded[..., place : place + height, :]
        for place, weight in enumerate(_gaussian(down, sigma[1]))
    )
    result: Any = sum(
        weight * rows[..., place : place + width]
        for place, weight in enumerate(_gaussian(across, sigma[0]))
    )
    blurred: Array = (np.rint(result) if kind.kind in "iu" else result).astype(kind)
    return blurred


def gaussian_blur(
    img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> Any:
    """A Gaussian filter of ``kernel_size`` pixels and deviation ``sigma``, each (x, y) or one.

    Borders are reflected. Without ``sigma``: 0.15 of the size plus 0.35.
    """
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(
            f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}"
        )
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    if any(each % 2 == 0 or each < 0 for each in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is not None and not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    if sigma is None:
        sigmas = [each * 0.15 + 0.35 for each in sizes]
    else:
        sigmas = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else list(sigma)
        sigmas = sigmas * 2 if len(sigmas) == 1 else sigmas
    if len(sigmas) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigmas)}")
    if any(each <= 0.0 for each in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    if is_image(img):
        blurred = _blurred(image_array(pil_to_tensor(img), "gaussian_blur"), sizes, sigmas)
        return to_pil_image(wrap(blurred), img.mode)
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
    return wrap(_blurred(image_array(img, "gaussian_blur"), sizes, sigmas))
