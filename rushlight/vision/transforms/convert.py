"""Pixels to tensors and back: ToTensor and its kin, on NumPy and at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import float32, get_default_dtype
from rushlight.tensor import Tensor
from rushlight.tensor.modes import is_grad_enabled
from rushlight.utils.data.arrays import Array, array_of, wrap
from rushlight.vision.pillow import from_array, is_image

IMAGE_DTYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}
BYTE_MODES = ("L", "RGB", "RGBA")
# Which modes an image of so many channels may be given.
MODES = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}
GRAY_MODES = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}

FLOAT32 = np.dtype(np.float32)


def detached_array(tensor: Tensor) -> Array:
    """The tensor's values as an array, gradients or not."""
    array = array_of(tensor.detach() if tensor.requires_grad else tensor)
    assert array is not None
    return array


def image_array(img: Tensor, who: str) -> Array:
    """A tensor image's values. Raises NotImplementedError where a gradient would be lost."""
    if img.requires_grad and is_grad_enabled():
        raise NotImplementedError(
            f"{who} of an image with gradient: detach() it, or work under torch.no_grad()"
        )
    return detached_array(img)


def image_pixels(image: Any) -> Array:
    """(H, W, C) pixels of a PIL image, freshly made."""
    if image.mode in BYTE_MODES:
        memory = np.frombuffer(bytearray(image.tobytes()), np.uint8)
        return memory.reshape(image.size[1], image.size[0], -1)
    pixels: Array = np.array(image, IMAGE_DTYPES.get(image.mode, np.uint8))
    if image.mode == "1":
        pixels *= np.uint8(255)
    return pixels.reshape(image.size[1], image.size[0], -1)


def channels_first(pixels: Array) -> Array:
    """(..., H, W, C) -> (..., C, H, W), the same memory."""
    return pixels.transpose(*range(pixels.ndim - 3), -1, -3, -2)


def scaled(pixels: Array, out: Array | None = None) -> Array:
    """uint8 (..., H, W, C) -> floats in [0, 1], (..., C, H, W), contiguous (or ``out``)."""
    turned = channels_first(pixels)
    kind = get_default_dtype().np
    result = np.empty(turned.shape, kind) if out is None else out
    if kind == FLOAT32:
        np.divide(turned, np.float32(255), out=result)
    else:
        np.divide(turned.astype(kind), kind.type(255), out=result)
    return result


def tensor_array(picture: Any) -> Array:
    """What ``to_tensor`` gives, as an array."""
    if isinstance(picture, np.ndarray):
        if picture.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {picture.ndim} dimensions.")
        pixels: Array = picture if picture.ndim == 3 else picture[:, :, None]
    elif is_image(picture):
        pixels = image_pixels(picture)
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(picture)}")
    if pixels.dtype == np.uint8:
        return scaled(pixels)
    return np.array(pixels.transpose(2, 0, 1), order="C")


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or (H, W, C) array -> (C, H, W) tensor; uint8 becomes floats in [0, 1].

    Raises TypeError for anything else, ValueError for arrays of other than 2 or 3 dimensions.
    """
    return wrap(tensor_array(pic))


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image -> (C, H, W) tensor of the same values. Raises TypeError for anything else."""
    if not is_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return wrap(np.ascontiguousarray(image_pixels(pic).transpose(2, 0, 1)))


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A (C, H, W) tensor or (H, W, C) array -> PIL image; floats in [0, 1] become 0 to 255.

    Raises TypeError for other things or dtypes, ValueError for a mode that does not fit.
    """
    if isinstance(pic, Tensor):
        pixels = detached_array(pic)
        pixels = pixels.transpose(1, 2, 0) if pixels.ndim == 3 else pixels
    elif isinstance(pic, np.ndarray):
        pixels = pic
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3:
        raise ValueError(f"pic should be 2/3 dimensional. Got {pixels.ndim} dimensions.")
    channels = pixels.shape[2]
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    if pixels.dtype.kind == "f" and mode != "F":
        pixels = _bytes_of_floats(pixels)
    if channels == 1:
        fitting = GRAY_MODES.get(pixels.dtype.name)
        if mode is not None and mode != fitting:
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {pixels.dtype}. "
                f"Should be {fitting}"
            )
        pixels, mode = pixels[:, :, 0], fitting
    else:
        permitted = MODES[channels]
        if mode is not None and mode not in permitted:
            raise ValueError(f"Only modes {permitted} are supported for {channels}D inputs")
        if mode is None and pixels.dtype == np.uint8:
            mode = permitted[0]
    if mode is None:
        raise TypeError(f"Input type {pixels.dtype} is not supported")
    return from_array(np.ascontiguousarray(pixels), mode)


def _bytes_of_floats(pixels: Array) -> npt.NDArray[np.uint8]:
    """255 times the value, cut to a whole number; outside of [0, 1] whatever the cast gives."""
    with np.errstate(invalid="ignore"):
        return (pixels * 255).astype(np.uint8)


def _largest(dtype: str) -> int:
    return 1 if dtype == "bool" else int(np.iinfo(dtype).max)


def convert_image_dtype(image: Tensor, dtype: Dtype = float32) -> Tensor:
    """Change the dtype and with it the range: floats are 0 to 1, ints 0 to their largest.

    Raises RuntimeError where floats have too few digits for the target (float32 to int32).
    """
    return image_in_range(image, dtype)


def image_in_range(image: Tensor, dtype: Dtype, by_inverse: bool = False) -> Tensor:
    """``convert_image_dtype``; ``by_inverse`` as of ``array_in_range``."""
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    if image.dtype == dtype:
        return image
    if image.is_floating_point() and dtype.is_floating_point:
        return image.to(dtype)
    name = (image.dtype.name, dtype.name)
    if name in (("float32", "int32"), ("float32", "int64"), ("float64", "int64")):
        raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    return wrap(array_in_range(image_array(image, "convert_image_dtype"), dtype.np, by_inverse))


def array_in_range(values: Array, kind: np.dtype[Any], by_inverse: bool = False) -> Array:
    """The values in another dtype, white staying white: floats are 0 to 1, ints up to their
    largest.

    ``by_inverse``: ints become floats by a product, as transforms.v2 does it (the last digit of
    every second value is another one than the quotient's).
    """
    if values.dtype == kind:
        return values
    if values.dtype.kind not in "iub":
        if kind.kind not in "iub":
            return values.astype(kind)
        # Almost one more than the largest, so that every whole number gets an equal share.
        return (values * values.dtype.type(_largest(kind.name) + 1 - 1e-3)).astype(kind)
    if kind.kind not in "iub":
        floats, most = values.astype(kind), _largest(values.dtype.name)
        if not by_inverse:
            floats /= kind.type(most)
            return floats
        # Half precision is multiplied in float32.
        inverse = np.float32(1.0 / most) if kind.itemsize < 4 else kind.type(1.0 / most)
        return np.multiply(floats, inverse, out=floats, casting="unsafe")
    before, after = _largest(values.dtype.name), _largest(kind.name)
    if before > after:
        return (values // ((before + 1) // (after + 1))).astype(kind)
    return values.astype(kind) * kind.type((after + 1) // (before + 1))
