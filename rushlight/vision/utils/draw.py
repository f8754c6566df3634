"""Boxes, masks and key points drawn into images (C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import image_module
from rushlight.vision.transforms.convert import array_in_range, detached_array

Colour = str | tuple[int, int, int]
Colours = Colour | list[Colour] | None
# Steps through the colour cube that never repeat early, modulo 255.
PALETTE = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])
FILL_ALPHA = 100
BYTES = np.dtype(np.uint8)


def _drawing() -> Any:
    image_module()  # the clear error, if Pillow is not there
    import PIL.ImageColor
    import PIL.ImageDraw
    import PIL.ImageFont

    return PIL


def colours_of(colors: Colours, count: int) -> list[tuple[int, ...]]:
    """A colour for each of ``count`` objects."""
    if isinstance(colors, list):
        if len(colors) < count:
            raise ValueError(
                "Number of colors must be equal or larger than the number of objects, but got "
                f"{len(colors)} < {count}."
            )
        each: list[Any] = list(colors)
    elif colors is None:
        each = [tuple(((place * PALETTE) % 255).tolist()) for place in range(count)]
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(
            f"colors must be a tuple or a string, or a list thereof, but got {colors}."
        )
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    else:
        each = [colors] * count
    names = _drawing().ImageColor
    return [names.getrgb(one) if isinstance(one, str) else tuple(one) for one in each]


def _values(image: Any, channels: tuple[int, ...], problem: str) -> Array:
    if not isinstance(image, Tensor):
        raise TypeError(f"The image must be a tensor, got {type(image)}")
    values = detached_array(image)
    if values.dtype != np.uint8 and not image.is_floating_point():
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if values.ndim != 3:
        raise ValueError("Pass individual images, not batches")
    if values.shape[0] not in channels:
        raise ValueError(problem)
    return values


def _canvas(values: Array) -> Any:
    """A PIL image of the values."""
    pixels = array_in_range(np.repeat(values, 3, 0) if len(values) == 1 else values, BYTES)
    return image_module().fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def _back(canvas: Any, kind: np.dtype[Any]) -> Tensor:
    return wrap(array_in_range(np.ascontiguousarray(np.array(canvas).transpose(2, 0, 1)), kind))


def draw_bounding_boxes(
    image: Tensor,
    boxes: Tensor,
    labels: Sequence[str] | None = None,
    colors: Colours = None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors: Colours = None,
    label_background_colors: Colours = None,
    fill_labels: bool = False,
) -> Tensor:
    """The image with ``boxes`` (N, 4), each (left, top, right, bottom) in pixels.

    Raises ValueError for batches, for boxes that end before they begin, and for a wrong number of
    labels or colours.
    """
    values = _values(image, (1, 3), "Only grayscale and RGB images are supported")
    places = detached_array(boxes)
    if places.ndim == 2 and places.shape[1] not in (0, 4):
        raise NotImplementedError(f"draw_bounding_boxes: boxes of {places.shape[1]} numbers")
    count = len(places)
    if count == 0:
        warn("boxes doesn't contain any box. No box was drawn")
        return image
    if (places[:, 0] > places[:, 2]).any() or (places[:, 1] > places[:, 3]).any():
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert "
            "to convert them"
        )
    if labels is not None and len(labels) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels "
            "for each box."
        )
    outlines = colours_of(colors, count)
    inks = colours_of(label_colors or "black", count) if label_colors or fill_labels else outlines
    papers = outlines
    if fill_labels and label_background_colors:
        papers = colours_of(label_background_colors, count)
    pil = _drawing()
    if font is None:
        if font_size is not None:
            warn("Argument 'font_size' will be ignored since 'font' is not set.")
        letters = pil.ImageFont.load_default()
    else:
        letters = pil.ImageFont.truetype(font=font, size=font_size or 10)
    canvas = _canvas(values)
    draw = pil.ImageDraw.Draw(canvas, "RGBA") if fill else pil.ImageDraw.Draw(canvas)
    margin = width + 1
    for place, box in enumerate(places.astype(np.int64).tolist()):
        inside = (*outlines[place], FILL_ALPHA) if fill else None
        draw.rectangle(box, width=width, outline=outlines[place], fill=inside)
        if labels is None or labels[place] is None:
            continue
        at = (box[0] + margin, box[1] + margin)
        if fill_labels:
            left, top, right, bottom = draw.textbbox(at, labels[place], font=letters)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=papers[place])
        draw.text(at, labels[place], fill=inks[place], font=letters)
    return _back(canvas, values.dtype)


def draw_segmentation_masks(
    image: Tensor, masks: Tensor, alpha: float = 0.8, colors: Colours = None
) -> Tensor:
    """The RGB image with ``masks``, bool (H, W) or (N, H, W), in colour; overlaps are black.

    ``alpha`` 0 leaves the image, 1 covers it.
    """
    values = _values(image, (3,), "Pass an RGB image. Other Image formats are not supported")
    chosen = detached_array(masks)
    chosen = chosen[None] if chosen.ndim == 2 else chosen
    if chosen.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if chosen.dtype != np.bool_:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if chosen.shape[1:] != values.shape[1:]:
        raise ValueError("The image and the masks must have the same height and width")
    if not len(chosen):
        warn("masks doesn't contain any mask. No mask was drawn")
        return image
    painted = values.copy()
    whole = values.dtype == np.uint8
    for mask, colour in zip(chosen, colours_of(colors, len(chosen)), strict=False):
        parts = np.array(colour, np.float64) / (1 if whole else 255)
        painted[:, mask] = parts.astype(values.dtype)[:, None]
    painted[:, chosen.sum(axis=0) > 1] = 0
    work: Any = np.float32 if whole else values.dtype.type
    mixed = values * work(1 - alpha) + painted * work(alpha)
    return wrap(mixed.astype(values.dtype))


def draw_keypoints(
    image: Tensor,
    keypoints: Tensor,
    connectivity: Sequence[tuple[int, int]] | None = None,
    colors: Colour | None = None,
    radius: int = 2,
    width: int = 3,
    visibility: Tensor | None = None,
) -> Tensor:
    """The RGB image with ``keypoints`` (instances, K, 2) as dots, joined by lines as
    ``connectivity`` says; only those that ``visibility`` (instances, K) marks."""
    values = _values(image, (3,), "Pass an RGB image. Other Image formats are not supported")
    places = detached_array(keypoints)
    if places.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    seen = np.ones(places.shape[:-1], bool) if visibility is None else detached_array(visibility)
    seen = seen[..., 0] if seen.ndim == 3 else seen
    if seen.ndim != 2:
        raise ValueError(f"visibility must be of shape (num_instances, K). Got ndim={seen.ndim}")
    if seen.shape != places.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got {seen.shape} and {places.shape}"
        )
    canvas = _canvas(values)
    draw = _drawing().ImageDraw.Draw(canvas)
    for points, shown in zip(places.astype(np.int64).tolist(), seen.astype(bool), strict=True):
        for (x, y), visible in zip((point[:2] for point in points), shown, strict=True):
            if visible:
                dot = [x - radius, y - radius, x + radius, y + radius]
                draw.ellipse(dot, fill=colors, outline=None, width=0)
        for first, second in connectivity or ():
            if shown[first] and shown[second]:
                draw.line((tuple(points[first][:2]), tuple(points[second][:2])), width=width)
    return _back(canvas, values.dtype)
