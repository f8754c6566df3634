"""What is logged, as NumPy arrays: numbers, pictures in any order of axes, figures, histograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.tensor import Tensor

Array = np.ndarray[Any, Any]


def array_of(value: Any) -> Array:
    """A tensor, array or number as an array; bfloat16 as float32."""
    if isinstance(value, np.ndarray):
        return value
    if np.isscalar(value):
        return np.array([value])
    if isinstance(value, Tensor):
        plain: Any = value.detach()
        return plain.float().numpy() if plain.dtype.itemsize == 2 else plain.numpy()  # type: ignore[no-any-return]
    raise NotImplementedError(f"Got {type(value)}, but numpy array or torch tensor are expected.")


def number_of(value: Any) -> float:
    """A value of one element. Raises AssertionError for more."""
    array = array_of(value).squeeze()
    if array.ndim != 0:
        raise AssertionError(
            "Tensor should contain one element (0 dimensions). Was given size: "
            f"{array.size} and {array.ndim} dimensions."
        )
    return float(array)


def grid(images: Array, columns: int = 8) -> Array:
    """(N, C, H, W) with 1 or 3 channels as one picture (3, rows * H, columns * W)."""
    if images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    if images.ndim != 4 or images.shape[1] != 3:
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    count, channels, height, width = images.shape
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    canvas = np.zeros((rows * columns, channels, height, width), images.dtype)
    canvas[:count] = images
    tiles = canvas.reshape(rows, columns, channels, height, width)
    return tiles.transpose(2, 0, 3, 1, 4).reshape(channels, rows * height, columns * width)


def channels_last(array: Array, axes: str) -> Array:
    """A picture, or a batch of them, whose axes are named by ``axes`` ("CHW", "NHWC", "HW" ...),
    as (H, W, C) with three or four channels."""
    if len(set(axes)) != len(axes):
        raise AssertionError(
            f"You can not use the same dimension shorthand twice. input_format: {axes}"
        )
    if array.ndim != len(axes):
        raise AssertionError(
            "size of input tensor and input format are different. tensor shape: "
            f"{array.shape}, input_format: {axes}"
        )
    axes = axes.upper()
    wanted = {4: "NCHW", 3: "HWC", 2: "HW"}[len(axes)]
    array = array.transpose([axes.index(axis) for axis in wanted])
    if len(axes) == 4:
        return grid(array).transpose(1, 2, 0)
    if len(axes) == 2:
        array = array[:, :, None]
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def bytes_of(picture: Array) -> Array:
    """A picture's values as bytes: whole numbers as they are, fractions times 255."""
    factor = 1 if picture.dtype == np.uint8 else 255
    return (picture.astype(np.float32) * factor).clip(0, 255).astype(np.uint8)


def drawn(figures: Any, close: bool) -> Array:
    """matplotlib's figure as (3, H, W), a list of them as (N, 3, H, W)."""
    import matplotlib.pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    def one(figure: Any) -> Array:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3].transpose(2, 0, 1)
        if close:
            plt.close(figure)
        return pixels

    return np.stack([one(each) for each in figures]) if isinstance(figures, list) else one(figures)


def default_bins() -> list[float]:
    """TensorBoard's limits: powers of 1.1 from 1e-12 to 1e20, both signs."""
    limits = []
    limit = 1e-12
    while limit < 1e20:
        limits.append(limit)
        limit *= 1.1
    return [-each for each in reversed(limits)] + [0.0] + limits


def binned(values: Array, bins: Any, most: int | None) -> tuple[list[float], list[float]]:
    """(right ends, counts) of the bins that hold anything, with an empty one on their left."""
    counts, limits = np.histogram(values, bins=bins)
    if most is not None and len(counts) > most:
        together = len(counts) // most
        starts = np.arange(0, len(counts), together)
        counts = np.add.reduceat(counts, starts)
        limits = np.append(limits[starts], limits[-1])
    held = np.flatnonzero(counts)
    if not held.size:
        raise ValueError("The histogram is empty: no value lies in any of the bins.")
    first, end = int(held[0]), int(held[-1]) + 1
    kept = np.concatenate([[0], counts[first:end]])
    return limits[first : end + 1].tolist(), kept.tolist()
