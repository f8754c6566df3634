"""The operations behind the transforms: sizes, borders, mirrors.

Images are PIL images or tensors (..., C, H, W). Tensors without gradient are handled on NumPy at
once; with one, cropping and flipping use the tensor's own operations, so gradients flow.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, array_of, wrap
from rushlight.vision.pillow import image_module, is_image
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.resample import resample


class InterpolationMode(enum.Enum):
    """How pixels between pixels are guessed."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PIL_FILTERS = {"nearest": 0, "nearest-exact": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3,
               "box": 4, "hamming": 5}  # fmt: skip
FROM_PIL_FILTER = {
    0: InterpolationMode.NEAREST, 1: InterpolationMode.LANCZOS, 2: InterpolationMode.BILINEAR,
    3: InterpolationMode.BICUBIC, 4: InterpolationMode.BOX, 5: InterpolationMode.HAMMING,
}  # fmt: skip
NUMPY_PADDING = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric"}
GRAY_WEIGHTS = (0.2989, 0.587, 0.114)


def _interpolation_modes_from_int(i: int) -> InterpolationMode:
    return FROM_PIL_FILTER[i]


def interpolation_mode(mode: InterpolationMode | int) -> InterpolationMode:
    """An InterpolationMode, also from Pillow's number for it."""
    if isinstance(mode, InterpolationMode):
        return mode
    if isinstance(mode, int) and mode in FROM_PIL_FILTER:
        return _interpolation_modes_from_int(mode)
    raise TypeError("Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant")  # fmt: skip  # noqa: E501


def get_dimensions(img: Any) -> list[int]:
    """[channels, height, width]."""
    if is_image(img):
        return [len(img.getbands()), img.height, img.width]
    if not isinstance(img, Tensor):
        raise TypeError(f"Unexpected type {type(img)}")
    if img.ndim < 2:
        raise TypeError("Tensor is not a torch image.")
    return [1 if img.ndim == 2 else int(img.shape[-3]), int(img.shape[-2]), int(img.shape[-1])]


def get_image_num_channels(img: Any) -> int:
    """How many channels."""
    return get_dimensions(img)[0]


def get_image_size(img: Any) -> list[int]:
    """[width, height]."""
    _, height, width = get_dimensions(img)
    return [width, height]


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part at (top, left); what lies outside of the image is zero."""
    if is_image(img):
        return img.crop((left, top, left + width, top + height))
    _, rows, columns = get_dimensions(img)
    down = slice(max(top, 0), max(top + height, 0))
    across = slice(max(left, 0), max(left + width, 0))
    part = (..., down, across)
    values = array_of(img)
    inside = img[part] if values is None else wrap(values[part].copy())
    missing = [
        max(min(-left, width), 0), max(min(-top, height), 0),
        max(min(left + width - columns, width), 0), max(min(top + height - rows, height), 0),
    ]  # fmt: skip
    return pad(inside, missing) if any(missing) else inside


def hflip(img: Any) -> Any:
    """Left and right exchanged."""
    if is_image(img):
        return img.transpose(image_module().Transpose.FLIP_LEFT_RIGHT)
    return _flip(img, -1)


def vflip(img: Any) -> Any:
    """Top and bottom exchanged."""
    if is_image(img):
        return img.transpose(image_module().Transpose.FLIP_TOP_BOTTOM)
    return _flip(img, -2)


def _flip(img: Any, axis: int) -> Tensor:
    get_dimensions(img)  # raises for what is no image
    values = array_of(img)
    if values is None:
        return img.flip(axis)
    return wrap(np.ascontiguousarray(np.flip(values, axis)))


def borders(padding: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom)."""
    if isinstance(padding, int):
        return padding, padding, padding, padding
    if not isinstance(padding, (tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if len(padding) == 1:
        return (padding[0],) * 4
    if len(padding) == 2:
        return padding[0], padding[1], padding[0], padding[1]
    if len(padding) == 4:
        return padding[0], padding[1], padding[2], padding[3]
    raise ValueError(
        f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
    )


def pad(
    img: Any, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant"
) -> Any:
    """Borders of ``padding`` pixels: all around, (sides, top and bottom) or (left, top, right,
    bottom).

    ``padding_mode`` is constant (``fill``), edge, reflect or symmetric; negative borders crop.
    """
    if padding_mode not in ("constant", *NUMPY_PADDING):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = borders(padding)
    if is_image(img):
        return _pad_image(img, (left, top, right, bottom), fill, padding_mode)
    if img.requires_grad:
        raise NotImplementedError("pad of an image with gradient: use torch.nn.functional.pad")
    values = detached_array(img)
    if min(left, top, right, bottom) < 0:
        rows, columns = values.shape[-2:]
        values = values[..., max(-top, 0) : rows + min(bottom, 0),
                        max(-left, 0) : columns + min(right, 0)]  # fmt: skip
        left, top, right, bottom = (max(each, 0) for each in (left, top, right, bottom))
    if isinstance(fill, (tuple, list)):
        if len(fill) != 1:
            raise TypeError("pad of a tensor takes one number as fill")
        fill = fill[0]
    widths = [(0, 0)] * (values.ndim - 2) + [(top, bottom), (left, right)]
    return wrap(_padded(values, widths, fill or 0, padding_mode))


def _padded(values: Array, widths: list[tuple[int, int]], fill: Any, mode: str) -> Array:
    if mode == "constant":
        return np.pad(values, widths, constant_values=fill)
    result: Array = np.pad(values, widths, mode=NUMPY_PADDING[mode])  # type: ignore[call-overload]
    return result


def _pad_image(img: Any, borders: tuple[int, int, int, int], fill: Any, mode: str) -> Any:
    left, top, right, bottom = borders
    if mode == "constant":
        size = (img.width + left + right, img.height + top + bottom)
        result = image_module().new(img.mode, size, pillow_fill(fill, img))
        if img.mode == "P":
            result.putpalette(img.getpalette())
        result.paste(img, (left, top))
        return result
    if min(borders) < 0:
        img = img.crop((max(-left, 0), max(-top, 0), img.width + min(right, 0),
                        img.height + min(bottom, 0)))  # fmt: skip
        left, top, right, bottom = (max(each, 0) for each in borders)
    pixels = np.asarray(img)
    widths = [(top, bottom), (left, right)] + [(0, 0)] * (pixels.ndim - 2)
    result = image_module().fromarray(_padded(pixels, widths, 0, mode))
    if img.mode == "P":
        result.putpalette(img.getpalette())
    return result


def resize_target(
    height: int, width: int, size: int | Sequence[int], max_size: int | None
) -> tuple[int, int]:
    """(height, width) that ``resize`` gives; one number is the shorter edge."""
    if isinstance(size, int):
        size = (size,)
    if len(size) > 2 or not size:
        raise ValueError("If size is a sequence, it should have 1 or 2 values")
    if len(size) == 2:
        if max_size is not None:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                "i.e. size should be an int or a sequence of length 1 in torchscript mode."
            )
        return size[0], size[1]
    shorter, longer = min(height, width), max(height, width)
    new_shorter, new_longer = size[0], int(size[0] * longer / shorter)
    if max_size is not None:
        if max_size <= size[0]:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested "
                f"size for the smaller edge size = {size[0]}"
            )
        if new_longer > max_size:
            new_shorter, new_longer = int(max_size * new_shorter / new_longer), max_size
    return (new_longer, new_shorter) if width <= height else (new_shorter, new_longer)


def resize(
    img: Any,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Change the size to (height, width), or the shorter edge to one number.

    PIL images are always antialiased; tensors are if ``antialias`` says so.
    """
    mode = interpolation_mode(interpolation)
    _, height, width = get_dimensions(img)
    new_height, new_width = resize_target(height, width, size, max_size)
    if (new_height, new_width) == (height, width):
        return img
    if is_image(img):
        return img.resize((new_width, new_height), PIL_FILTERS[mode.value])
    if img.requires_grad:
        raise NotImplementedError(
            "resize of an image with gradient: use torch.nn.functional.interpolate"
        )
    smooth = bool(antialias) and mode in (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)
    return wrap(resample(detached_array(img), new_height, new_width, mode.value, smooth))


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle part of that (height, width); a smaller image gets a border of zeros first."""
    if isinstance(output_size, int):
        output_size = (output_size, output_size)
    elif len(output_size) == 1:
        output_size = (output_size[0], output_size[0])
    _, height, width = get_dimensions(img)
    wanted_height, wanted_width = output_size
    if wanted_height > height or wanted_width > width:
        down, across = max(wanted_height - height, 0), max(wanted_width - width, 0)
        img = pad(img, [across // 2, down // 2, (across + 1) // 2, (down + 1) // 2])
        _, height, width = get_dimensions(img)
        if (height, width) == (wanted_height, wanted_width):
            return img
    top = round((height - wanted_height) / 2.0)
    left = round((width - wanted_width) / 2.0)
    return crop(img, top, left, wanted_height, wanted_width)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """``crop``, then ``resize``."""
    part = crop(img, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """Brightness, as one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if is_image(img):
        gray = img.convert("L")
        if num_output_channels == 1:
            return gray
        return image_module().merge("RGB", (gray, gray, gray))
    channels = get_dimensions(img)[0]
    if channels not in (1, 3):
        raise TypeError(f"Input image tensor permitted channel values are 1 or 3, but found {channels}")  # fmt: skip  # noqa: E501
    values = detached_array(img)
    if channels == 3:
        kind = values.dtype
        red, green, blue = (values[..., place, :, :] for place in range(3))
        r, g, b = GRAY_WEIGHTS
        work = kind.type if kind.kind == "f" else np.float32
        mixed = work(r) * red + work(g) * green + work(b) * blue
        values = mixed.astype(kind)[..., None, :, :]
    times = num_output_channels if channels == 3 else 1  # a gray image stays one, as there
    return wrap(np.repeat(values, times, axis=-3))


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """``rgb_to_grayscale`` for PIL images. Raises TypeError for others."""
    if not is_image(img):
        raise TypeError("Input should be PIL Image")
    return rgb_to_grayscale(img, num_output_channels)


def pillow_fill(fill: Any, img: Any) -> Any:
    """A colour as Pillow wants it for this image: a number, or a tuple of one for each band."""
    bands = len(img.getbands())
    fill = 0 if fill is None else fill
    if isinstance(fill, (int, float)):
        each: tuple[Any, ...] = (fill,) * bands
    else:
        each = tuple(fill) * bands if len(fill) == 1 else tuple(fill)
    if len(each) != bands:
        raise ValueError(
            "The number of elements in 'fill' does not match the number of channels of the image "
            f"({len(each)} != {bands})"
        )
    if img.mode != "F":
        each = tuple(int(one) for one in each)
    return each if bands > 1 or isinstance(fill, (list, tuple)) else each[0]


def erase(img: Any, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    """The ``h`` x ``w`` part of a tensor image from row ``i``, column ``j`` on becomes ``v``."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    result = img if inplace else img.clone()
    result[..., i : i + h, j : j + w] = v.to(img.dtype) if isinstance(v, Tensor) else v
    return result


def _corner_size(size: int | Sequence[int]) -> tuple[int, int]:
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    sizes = sizes * 2 if len(sizes) == 1 else sizes
    if len(sizes) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return sizes[0], sizes[1]


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """The four corners (top left, top right, bottom left, bottom right) and the middle."""
    height, width = _corner_size(size)
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        raise ValueError(
            f"Requested crop size {(height, width)} is bigger than input size {(rows, columns)}"
        )
    corners = [(0, 0), (0, columns - width), (rows - height, 0), (rows - height, columns - width)]
    parts = [crop(img, top, left, height, width) for top, left in corners]
    return (*parts, center_crop(img, (height, width)))


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """``five_crop`` of the image, then of its mirror image."""
    size = _corner_size(size)
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)
