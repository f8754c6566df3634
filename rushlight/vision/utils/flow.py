"""Optical flow as colours (Baker and others, 2011: hue is the direction, paleness the length)."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from rushlight.base.dtype import float32
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.transforms.convert import detached_array

# From each colour to the next: how many steps, which channel changes, and whether it grows.
ARCS = ((15, 1, True), (6, 0, False), (4, 2, True), (11, 1, False), (13, 0, True), (6, 2, False))


@functools.cache
def colour_wheel() -> npt.NDArray[np.float32]:
    """(55, 3): red, yellow, green, cyan, blue, magenta and what is between them, 0 to 255."""
    rows: list[list[float]] = []
    colour = [255.0, 0.0, 0.0]
    for steps, channel, grows in ARCS:
        for place in range(steps):
            part = float(np.floor(np.float32(255 * place) / np.float32(steps)))
            colour[channel] = part if grows else 255.0 - part
            rows.append(list(colour))
        colour[channel] = 255.0 if grows else 0.0
    return np.array(rows, np.float32)


def flow_to_image(flow: Tensor) -> Tensor:
    """(2, H, W) or (N, 2, H, W) float32 flow -> (3, H, W) or (N, 3, H, W) uint8 colours."""
    if flow.dtype != float32:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    values = detached_array(flow)
    single = values.ndim == 3
    values = values[None] if single else values
    if values.ndim != 4 or values.shape[1] != 2:
        raise ValueError(
            f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {tuple(flow.shape)}."
        )
    longest = np.sqrt((values * values).sum(axis=1)).max()
    values = values / (longest + np.finfo(np.float32).eps)
    wheel = colour_wheel()
    length = np.sqrt((values * values).sum(axis=1))
    angle = np.arctan2(-values[:, 1], -values[:, 0]) / np.float32(np.pi)
    place = (angle + np.float32(1)) / np.float32(2) * np.float32(len(wheel) - 1)
    first = np.floor(place).astype(np.int64)
    part = (place - first).astype(np.float32)[..., None]
    below, above = (wheel[each % len(wheel)] / np.float32(255) for each in (first, first + 1))
    colour = (1 - part) * below + part * above
    colour = 1 - length[..., None] * (1 - colour)
    image = np.floor(np.float32(255) * colour).astype(np.uint8).transpose(0, 3, 1, 2)
    return wrap(np.ascontiguousarray(image[0] if single else image))
