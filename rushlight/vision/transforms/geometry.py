"""Images turned, sheared, tilted and bent: rotate, affine, perspective, elastic_transform.

PIL images go to Pillow. A tensor is sampled at a grid of places in [-1, 1], as
``torch.nn.functional.grid_sample(align_corners=False)`` does, at once on NumPy.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import float64
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import image_module, is_image
from rushlight.vision.transforms.convert import (
    detached_array,
    image_array,
    pil_to_tensor,
    to_pil_image,
)
from rushlight.vision.transforms.operations import (
    PIL_FILTERS,
    InterpolationMode,
    get_dimensions,
    interpolation_mode,
    pillow_fill,
)
from rushlight.vision.transforms.sampling import sample

Fill = float | Sequence[float] | None
Points = Sequence[Sequence[int]]
NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR


def inverse_affine_matrix(
    center: Sequence[float], angle: float, translate: Sequence[float], scale: float,
    shear: Sequence[float],
) -> list[float]:  # fmt: skip
    """The 2 x 3 matrix, row by row, that leads from a place of the output to one of the input.

    The inverse of T C R S Hy Hx C^-1: rotation by ``angle`` degrees, scale, shears by degrees,
    around ``center`` (C), then a translation.
    """
    turn, across, down = (math.radians(each) for each in (angle, *shear))
    a = math.cos(turn - down) / math.cos(down)
    b = -math.cos(turn - down) * math.tan(across) / math.cos(down) - math.sin(turn)
    c = math.sin(turn - down) / math.cos(down)
    d = -math.sin(turn - down) * math.tan(across) / math.cos(down) + math.cos(turn)
    # The determinant of [[a, b], [c, d]] is 1.
    m = [each / scale for each in (d, -b, 0.0, -c, a, 0.0)]
    back_x, back_y = -center[0] - translate[0], -center[1] - translate[1]
    m[2] += m[0] * back_x + m[1] * back_y
    m[5] += m[3] * back_x + m[4] * back_y
    m[2] += center[0]
    m[5] += center[1]
    return m


def _sampled(img: Tensor, grid: Array, mode: str, fill: Fill, who: str) -> Tensor:
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{mode}' is unsupported with Tensor input")
    channels = get_dimensions(img)[0]
    if isinstance(fill, (tuple, list)) and len(fill) > 1 and len(fill) != channels:
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of "
            f"the image ({len(fill)} != {channels})"
        )
    return wrap(sample(image_array(img, who), grid, mode, fill))


def _products(base: list[Array], columns: list[Array]) -> list[Array]:
    """base @ columns, three products added from the left."""
    return [base[0] * each[0] + base[1] * each[1] + base[2] * each[2] for each in columns]


def _work(img: Tensor) -> Any:
    """In which numbers the places of an image's pixels are computed."""
    return np.float64 if img.dtype == float64 else np.float32


@functools.lru_cache(maxsize=64)
def _from_centre(count: int, work: Any) -> Array:
    """The middles of so many pixels, counted from the middle of all."""
    return np.linspace(-count * 0.5 + 0.5, count * 0.5 - 0.5, count, dtype=work)


def affine_grid(
    matrix: Sequence[float], size: tuple[int, int], target: tuple[int, int], work: Any = np.float32
) -> Array:
    """(H', W', 2) places in [-1, 1] of an image of ``size`` (H, W), its middle being (0, 0)."""
    (height, width), (rows, columns) = size, target
    theta = np.array(matrix, work).reshape(2, 3)
    x, y = _from_centre(columns, work), _from_centre(rows, work)[:, None]
    halves = (work(0.5 * width), work(0.5 * height))
    scaled = [row / half for row, half in zip(theta, halves, strict=True)]
    one = np.ones((1, 1), work)
    return np.stack(np.broadcast_arrays(*_products([x, y, one], scaled)), -1)


def expanded(matrix: Sequence[float], width: int, height: int) -> tuple[int, int]:
    """(width, height) that hold all of the turned image."""
    corners = np.array(
        [[x * width, y * height, 1.0] for x in (-0.5, 0.5) for y in (-0.5, 0.5)], np.float32
    )
    moved = corners @ np.array(matrix, np.float32).reshape(2, 3).T
    half = np.array([width * 0.5, height * 0.5], np.float32)
    tolerance = np.float32(1e-4)  # digits beyond these do not add a row of pixels
    high = np.ceil(np.trunc((moved.max(0) + half) / tolerance) * tolerance)
    low = np.floor(np.trunc((moved.min(0) + half) / tolerance) * tolerance)
    return int(high[0] - low[0]), int(high[1] - low[1])


def _from_middle(center: Sequence[float] | None, img: Any) -> list[float]:
    """The centre in pixels from the image's middle."""
    if center is None:
        return [0.0, 0.0]
    _, height, width = get_dimensions(img)
    return [center[0] - width * 0.5, center[1] - height * 0.5]


def _check_turn(angle: Any, center: Any) -> None:
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")


def rotate(
    img: Any, angle: float, interpolation: InterpolationMode | int = NEAREST, expand: bool = False,
    center: Sequence[int] | None = None, fill: Fill = None,
) -> Any:  # fmt: skip
    """Rotate counter-clockwise by ``angle`` degrees, around ``center`` (x, y) or the middle.

    ``expand``: the result is large enough for all of the image.
    """
    mode = interpolation_mode(interpolation)
    _check_turn(angle, center)
    if is_image(img):
        return img.rotate(
            angle, PIL_FILTERS[mode.value], expand, center, fillcolor=pillow_fill(fill, img)
        )
    _, height, width = get_dimensions(img)
    around = _from_middle(center, img)
    matrix = inverse_affine_matrix(around, -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    columns, rows = expanded(matrix, width, height) if expand else (width, height)
    grid = affine_grid(matrix, (height, width), (rows, columns), _work(img))
    return _sampled(img, grid, mode.value, fill, "rotate")


def checked_affine(
    angle: Any, translate: Any, scale: float, shear: Any, center: Any
) -> list[float]:
    """The two shears. Raises TypeError and ValueError for what describes no move."""
    _check_turn(angle, center)
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (int, float, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shears = [shear, 0.0] if isinstance(shear, (int, float)) else list(shear)
    shears = shears * 2 if len(shears) == 1 else shears
    if len(shears) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    return shears


def affine(
    img: Any, angle: float, translate: Sequence[int], scale: float,
    shear: float | Sequence[float], interpolation: InterpolationMode | int = NEAREST,
    fill: Fill = None, center: Sequence[int] | None = None,
) -> Any:  # fmt: skip
    """Rotate clockwise by degrees, scale, shear by degrees (x, y), then move by pixels (x, y)."""
    mode = interpolation_mode(interpolation)
    shears = checked_affine(angle, translate, scale, shear, center)
    _, height, width = get_dimensions(img)
    if is_image(img):
        middle = center if center is not None else [width * 0.5, height * 0.5]
        matrix = inverse_affine_matrix(middle, angle, translate, scale, shears)
        return img.transform(
            img.size, image_module().Transform.AFFINE, matrix, PIL_FILTERS[mode.value],
            fillcolor=pillow_fill(fill, img),
        )  # fmt: skip
    matrix = inverse_affine_matrix(_from_middle(center, img), angle, translate, scale, shears)
    grid = affine_grid(matrix, (height, width), (height, width), _work(img))
    return _sampled(img, grid, mode.value, fill, "affine")


def perspective_coefficients(startpoints: Points, endpoints: Points) -> list[float]:
    """a to h of (x, y) -> ((ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1)), which
    leads from each end point to its start point."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and "
            f"{len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = np.array(startpoints, np.float64).reshape(8)
    solved = np.linalg.lstsq(np.array(rows, np.float64), wanted, rcond=None)[0]
    coefficients: list[float] = solved.astype(np.float32).tolist()
    return coefficients


def _perspective_grid(coefficients: Sequence[float], height: int, width: int, work: Any) -> Array:
    a, b, c, d, e, f, g, h = (work(each) for each in coefficients)
    x = np.arange(width, dtype=work) + work(0.5)
    y = (np.arange(height, dtype=work) + work(0.5))[:, None]
    one = np.ones((1, 1), work)
    halves = (work(0.5 * width), work(0.5 * height))
    tops = [np.array([a, b, c]) / halves[0], np.array([d, e, f]) / halves[1]]
    *over, below = _products([x, y, one], [*tops, np.array([g, h, 1.0], work)])
    return np.stack([each / below - work(1.0) for each in over], -1)


def perspective(
    img: Any, startpoints: Points, endpoints: Points,
    interpolation: InterpolationMode | int = BILINEAR, fill: Fill = None,
) -> Any:  # fmt: skip
    """Move the four corners ``startpoints`` (x, y) to ``endpoints``, and all else with them."""
    coefficients = perspective_coefficients(startpoints, endpoints)
    return perspective_by(img, coefficients, interpolation, fill)


def perspective_by(
    img: Any, coefficients: Sequence[float], interpolation: InterpolationMode | int, fill: Fill
) -> Any:
    """``perspective`` by what ``perspective_coefficients`` gives."""
    mode = interpolation_mode(interpolation)
    if is_image(img):
        return img.transform(
            img.size, image_module().Transform.PERSPECTIVE, coefficients, PIL_FILTERS[mode.value],
            fillcolor=pillow_fill(fill, img),
        )  # fmt: skip
    _, height, width = get_dimensions(img)
    grid = _perspective_grid(coefficients, height, width, _work(img))
    return _sampled(img, grid, mode.value, fill, "perspective")


def identity_places(size: int) -> Array:
    return np.linspace((-size + 1) / size, (size - 1) / size, size, dtype=np.float32)


def elastic_transform(
    img: Any, displacement: Tensor, interpolation: InterpolationMode | int = BILINEAR,
    fill: Fill = None,
) -> Any:  # fmt: skip
    """Each pixel (H, W) is taken from ``displacement`` (1, H, W, 2) beside its place (x, y).

    The image spans -1 to 1.
    """
    if isinstance(interpolation, int):
        warn(
            "Argument interpolation should be of type InterpolationMode instead of int. "
            "Please, use InterpolationMode enum."
        )
    mode = interpolation_mode(interpolation)
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    picture = pil_to_tensor(img) if is_image(img) else img
    _, height, width = get_dimensions(picture)
    if tuple(displacement.shape) != (1, height, width, 2):
        raise ValueError(
            f"Argument displacement shape should be {(1, height, width, 2)}, but given "
            f"{displacement.shape}"
        )
    places = np.broadcast_arrays(identity_places(width), identity_places(height)[:, None])
    grid = np.stack(places, -1) + detached_array(displacement)[0]
    result = _sampled(picture, grid, mode.value, fill, "elastic_transform")
    return to_pil_image(result, img.mode) if is_image(img) else result
