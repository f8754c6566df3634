"""Transforms that turn, shear, tilt, bend or blur at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.transforms import draws, geometry
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.fixed import two_sizes
from rushlight.vision.transforms.operations import (
    InterpolationMode,
    get_dimensions,
    interpolation_mode,
)
from rushlight.vision.transforms.tone import gaussian_blur
from rushlight.vision.transforms.transform import Chosen

NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR


def sequence_of(values: Any, name: str, lengths: Sequence[int]) -> None:
    """Raises TypeError for what is no sequence, ValueError for one of another length."""
    wanted = " or ".join(str(each) for each in lengths)
    if not isinstance(values, Sequence):
        raise TypeError(f"{name} should be a sequence of length {wanted}.")
    if len(values) not in lengths:
        raise ValueError(f"{name} should be a sequence of length {wanted}.")


def angles(value: Any, name: str, lengths: Sequence[int] = (2,)) -> list[float]:
    """From where to where an angle is drawn; a number means both ways."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        value = [-value, value]
    sequence_of(value, name, lengths)
    return [float(each) for each in value]


def checked_fill(fill: Any) -> Any:
    """A number or a sequence; None is 0."""
    if fill is not None and not isinstance(fill, (int, float, Sequence)):
        raise TypeError("Fill should be either a sequence or a number.")
    return 0 if fill is None else fill


def fill_for(img: Any, fill: Any) -> Any:
    """The fill as floats for each channel, if the image is a tensor."""
    if not isinstance(img, Tensor) or fill is None:
        return fill
    if isinstance(fill, (int, float)):
        return [float(fill)] * get_dimensions(img)[0]
    return [float(each) for each in fill]


class RandomRotation(Chosen):
    """Rotate by a random angle out of (low, high) or (-degrees, degrees)."""

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode | int = NEAREST,
        expand: bool = False,
        center: Sequence[int] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = angles(degrees, "degrees")
        self.interpolation = interpolation_mode(interpolation)
        if center is not None:
            sequence_of(center, "center", (2,))
        self.expand = expand
        self.center = center
        self.fill = checked_fill(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """The angle."""
        return draws.uniform(float(degrees[0]), float(degrees[1]))

    def choose(self, height: int, width: int) -> float:
        return self.get_params(self.degrees)

    def change(self, img: Any, choice: float) -> Any:
        fill = fill_for(img, self.fill)
        return geometry.rotate(img, choice, self.interpolation, self.expand, self.center, fill)

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        fill = "" if self.fill is None else f", fill={self.fill}"
        return (
            f"{type(self).__name__}(degrees={self.degrees}, "
            f"interpolation={self.interpolation.value}, expand={self.expand}{center}{fill})"
        )


class RandomAffine(Chosen):
    """Rotate, move (by a part of the size), scale and shear (by degrees) at random."""

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode | int = NEAREST,
        fill: Any = 0,
        center: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = angles(degrees, "degrees")
        if translate is not None:
            sequence_of(translate, "translate", (2,))
            if any(not 0.0 <= each <= 1.0 for each in translate):
                raise ValueError("translation values should be between 0 and 1")
        if scale is not None:
            sequence_of(scale, "scale", (2,))
            if any(each <= 0 for each in scale):
                raise ValueError("scale values should be positive")
        if center is not None:
            sequence_of(center, "center", (2,))
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else angles(shear, "shear", (2, 4))
        self.interpolation = interpolation_mode(interpolation)
        self.fill = checked_fill(fill)
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """(angle, (x, y) in pixels, scale, (shear x, shear y)) for an image (width, height)."""
        angle = draws.uniform(float(degrees[0]), float(degrees[1]))
        moved = (0, 0)
        if translate is not None:
            most_x, most_y = (
                float(part * size) for part, size in zip(translate, img_size, strict=True)
            )
            moved = (
                round(draws.uniform(-most_x, most_x)), round(draws.uniform(-most_y, most_y)),
            )  # fmt: skip
        scale = 1.0 if scale_ranges is None else draws.uniform(scale_ranges[0], scale_ranges[1])
        across = down = 0.0
        if shears is not None:
            across = draws.uniform(shears[0], shears[1])
            down = draws.uniform(shears[2], shears[3]) if len(shears) == 4 else 0.0
        return angle, moved, scale, (across, down)

    def choose(self, height: int, width: int) -> Any:
        size = (width, height)
        return self.get_params(self.degrees, self.translate, self.scale, self.shear, size)

    def change(self, img: Any, choice: Any) -> Any:
        fill = fill_for(img, self.fill)
        return geometry.affine(img, *choice, self.interpolation, fill, self.center)

    def __repr__(self) -> str:
        named = {"translate": self.translate, "scale": self.scale, "shear": self.shear}
        parts = [f"degrees={self.degrees}"]
        parts += [f"{name}={value}" for name, value in named.items() if value is not None]
        if self.interpolation != NEAREST:
            parts.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            parts.append(f"fill={self.fill}")
        if self.center is not None:
            parts.append(f"center={self.center}")
        return f"{type(self).__name__}({', '.join(parts)})"


class RandomPerspective(Chosen):
    """With probability p, each corner moves inwards by up to ``distortion_scale`` of a half."""

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode | int = BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.interpolation = interpolation_mode(interpolation)
        self.distortion_scale = distortion_scale
        self.fill = checked_fill(fill)

    @staticmethod
    def get_params(
        width: int, height: int, distortion_scale: float
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The four corners (x, y) before and after: top left and right, bottom right and left."""
        across = int(distortion_scale * (width // 2))
        down = int(distortion_scale * (height // 2))
        # First and one after last of where each edge may go.
        left, right = (0, across + 1), (width - across - 1, width)
        top, bottom = (0, down + 1), (height - down - 1, height)
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        end = [[low + draws.integer(high - low) for low, high in corner] for corner in corners]
        start = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return start, end

    def choose(self, height: int, width: int) -> Any:
        if not draws.chance(self.p):
            return None
        return self.get_params(width, height, self.distortion_scale)

    def change(self, img: Any, choice: Any) -> Any:
        fill = fill_for(img, self.fill)
        return geometry.perspective(img, *choice, self.interpolation, fill)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class GaussianBlur(Chosen):
    """A Gaussian filter whose deviation is drawn out of (low, high)."""

    def __init__(
        self, kernel_size: int | Sequence[int], sigma: float | Sequence[float] = (0.1, 2.0)
    ) -> None:
        super().__init__()
        self.kernel_size = two_sizes(
            kernel_size, "Kernel size should be a tuple/list of two integers"
        )
        if any(each <= 0 or each % 2 == 0 for each in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        if not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        if not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """The deviation."""
        return draws.uniform(sigma_min, sigma_max)

    def choose(self, height: int, width: int) -> float:
        return self.get_params(self.sigma[0], self.sigma[1])

    def change(self, img: Any, choice: float) -> Any:
        return gaussian_blur(img, self.kernel_size, [choice, choice])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


def _two_floats(value: Any, name: str) -> list[float]:
    if not isinstance(value, (float, Sequence)):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    if isinstance(value, float):
        return [value, value]
    if len(value) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
    for each in value:
        if not isinstance(each, float):
            raise TypeError(f"{name} should be a sequence of floats. Got {type(each)}")
    return list(value)


def two_numbers(value: Any, name: str) -> list[float]:
    """Two floats of a number or a sequence of one or two."""
    if not isinstance(value, (int, float, Sequence)):
        raise TypeError(f"{name} should be a number or a sequence of numbers. Got {type(value)}")
    several = [value] if isinstance(value, (int, float)) else list(value)
    if len(several) not in (1, 2):
        raise ValueError(f"If {name} is a sequence its length should be 1 or 2. Got {len(several)}")
    return [float(several[0]), float(several[-1])]


class ElasticTransform(Chosen):
    """Every pixel moves at random, neighbours together: strength ``alpha``, smoothness ``sigma``.

    Best practices for convolutional networks (Simard and others, 2003).
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: InterpolationMode | int = BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = _two_floats(alpha, "alpha")
        self.sigma = _two_floats(sigma, "sigma")
        self.interpolation = interpolation_mode(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(
                f"fill should be int or float or a list or tuple of them. Got {type(fill)}"
            )
        self.fill = [float(fill)] if isinstance(fill, (int, float)) else [float(x) for x in fill]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """(1, H, W, 2): how far each pixel moves (x, y), the image spanning -1 to 1."""
        height, width = size
        moves = []
        for strength, smooth, length in zip(alpha, sigma, (width, height), strict=True):
            noise = draws.uniforms(1, 1, height, width) * np.float32(2) - np.float32(1)
            if smooth > 0.0:
                taps = int(8 * smooth + 1) | 1
                noise = detached_array(gaussian_blur(wrap(noise), [taps, taps], list(sigma)))
            moves.append(noise * np.float32(strength) / np.float32(length))
        both = np.concatenate(moves, axis=1).transpose(0, 2, 3, 1)
        return wrap(np.ascontiguousarray(both))

    def choose(self, height: int, width: int) -> Tensor:
        return self.get_params(self.alpha, self.sigma, [height, width])

    def change(self, img: Any, choice: Tensor) -> Any:
        return geometry.elastic_transform(img, choice, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(alpha={self.alpha}, sigma={self.sigma}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )
