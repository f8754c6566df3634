"""Transforms of v2 between kinds and dtypes, and those of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import float32
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import erase as v1
from rushlight.vision.transforms import warp
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2.parts import is_pure_tensor
from rushlight.vision.transforms.v2.transform import (
    RandomlyApplied,
    Transform,
    query_chw,
)
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
    BoundingBoxes,
    BoundingBoxFormat,
    Image,
    TVTensor,
    Video,
)


class ToImage(Transform):
    """PIL images, (H, W, C) arrays and plain tensors become Images."""

    def is_transformed(self, inpt: Any) -> bool:
        return is_pure_tensor(inpt) or is_image(inpt) or isinstance(inpt, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_image(inpt)


class PILToTensor(Transform):
    """PIL images become tensors of the same values."""

    def is_transformed(self, inpt: Any) -> bool:
        return is_image(inpt)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.pil_to_tensor(inpt)


class ToPILImage(Transform):
    """Tensors and arrays become PIL images."""

    def __init__(self, mode: str | None = None) -> None:
        super().__init__()
        self.mode = mode

    def is_transformed(self, inpt: Any) -> bool:
        return is_pure_tensor(inpt) or isinstance(inpt, (Image, np.ndarray))

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        plain = inpt if isinstance(inpt, np.ndarray) else Tensor.detach(inpt)
        return F.to_pil_image(plain, self.mode)


class ToPureTensor(Transform):
    """Images, masks and boxes become plain tensors."""

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, TVTensor)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.to_pure_tensor(inpt)


class ToTensor(Transform):
    """PIL images and arrays as floats in [0, 1]: ``ToImage()`` and ``ToDtype(float32, scale=True)``
    took its place."""

    def __init__(self) -> None:
        warn(
            "The transform `ToTensor()` is deprecated and will be removed in a future release. "
            "Instead, please use `v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, "
            "scale=True)])`.Output is equivalent up to float precision."
        )
        super().__init__()

    def is_transformed(self, inpt: Any) -> bool:
        return is_image(inpt) or isinstance(inpt, np.ndarray)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.F.to_tensor(inpt)


class ToDtype(Transform):
    """Another dtype for images, or, as a dict, for each kind; ``scale`` moves the range with it."""

    def __init__(self, dtype: Dtype | dict[Any, Dtype | None], scale: bool = False) -> None:
        super().__init__()
        if not isinstance(dtype, (dict, Dtype)):
            raise ValueError(f"dtype must be a dict or a torch.dtype, got {type(dtype)} instead")
        self.dtype = dtype
        self.scale = scale

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, Tensor)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        image = is_pure_tensor(inpt) or isinstance(inpt, (Image, Video))
        wanted: Dtype | None
        if not isinstance(self.dtype, dict):
            if not image:
                return inpt
            wanted = self.dtype
        elif type(inpt) in self.dtype or "others" in self.dtype:
            wanted = self.dtype.get(type(inpt), self.dtype.get("others"))
        else:
            raise ValueError(
                f"No dtype was specified for type {type(inpt)}. If you only need to convert the "
                "dtype of images or videos, you can just pass e.g. dtype=torch.float32. If you're "
                'passing a dict as dtype, you can use "others" as a catch-all key e.g. '
                'dtype={tv_tensors.Mask: torch.int64, "others": None} to pass-through the rest of '
                "the inputs."
            )
        return inpt if wanted is None else F.to_dtype(inpt, wanted, self.scale)


class ConvertImageDtype(Transform):
    """Another dtype of images, whose range goes with it, and of masks, boxes and points.

    PIL images stay.
    """

    def __init__(self, dtype: Dtype = float32) -> None:
        super().__init__()
        self.dtype = dtype

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt if is_image(inpt) else F.to_dtype(inpt, self.dtype, scale=True)


class Normalize(Transform):
    """(image - mean) / std, a value of each per channel."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean = list(mean)
        self.std = list(std)
        self.inplace = inplace

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if any(is_image(each) for each in flat_inputs):
            raise TypeError(f"{type(self).__name__}() does not support PIL images.")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.normalize(inpt, mean=self.mean, std=self.std, inplace=self.inplace)


class GaussianBlur(Transform):
    """A Gaussian filter whose deviation is drawn."""

    get_params = staticmethod(warp.GaussianBlur.get_params)

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        super().__init__()
        self.kernel_size = warp.GaussianBlur(kernel_size).kernel_size
        self.sigma = warp.two_numbers(sigma, "sigma")
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(
                f"sigma values should be positive and of the form (min, max). Got {self.sigma}"
            )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"sigma": [warp.GaussianBlur.get_params(*self.sigma)] * 2}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.gaussian_blur(inpt, self.kernel_size, **params)


class RandomErasing(RandomlyApplied):
    """A random rectangle overwritten, with probability p."""

    get_params = staticmethod(v1.RandomErasing.get_params)

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0.0,
        inplace: bool = False,
    ) -> None:
        super().__init__(p=p)
        v1.RandomErasing(p, scale, ratio, value, inplace)  # raises for what cannot be
        self.scale = scale
        self.ratio = ratio
        self.value: list[float] | None = None
        if not isinstance(value, str):
            several = value if isinstance(value, (list, tuple)) else [value]
            self.value = [float(each) for each in several]
        self.inplace = inplace

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels, height, width = query_chw(flat_inputs)
        if self.value is not None and len(self.value) not in (1, channels):
            raise ValueError(
                f"If value is a sequence, it should have either a single value or {channels} "
                "(number of inpt channels)"
            )
        form = np.empty((channels, height, width), np.bool_)
        found = v1.RandomErasing.get_params(wrap_array(form), self.scale, self.ratio, self.value)
        return {"rectangle": found}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if params["rectangle"] is None or isinstance(inpt, ANNOTATIONS):
            return inpt
        top, left, rows, columns, contents = params["rectangle"]
        return F.erase(inpt, top, left, rows, columns, wrap_array(contents), self.inplace)


class Identity(Transform):
    """Nothing."""

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return inpt


class Lambda(Transform):
    """A function of each part of the sample (of the given types)."""

    def __init__(self, lambd: Callable[[Any], Any], *types: type) -> None:
        super().__init__()
        self.lambd = lambd
        self.types = types or (object,)

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, self.types)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self.lambd(inpt)

    def extra_repr(self) -> str:
        types = [each.__name__ for each in self.types]
        return f"{self.lambd!r}, types={types!r}"


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another format."""

    def __init__(self, format: BoundingBoxFormat | str) -> None:
        super().__init__()
        self.format = format

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, BoundingBoxes)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.convert_bounding_box_format(inpt, new_format=self.format)
