"""Where points go when their image is turned, seen from a side or bent: on (..., 2) arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.geometry import (
    checked_affine,
    expanded,
    identity_places,
    inverse_affine_matrix,
    perspective_coefficients,
)

Move = Callable[[Array], Array]
Size = tuple[int, int]


def floats(values: Array) -> Array:
    """Whole numbers as float32, as torch computes with them."""
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def affine_move(
    canvas: Size,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    center: Sequence[float] | None,
    expand: bool = False,
) -> tuple[Move, Size]:
    """The move, and how large the image is afterwards: larger only with ``expand``."""
    height, width = canvas
    middle = [width * 0.5, height * 0.5] if center is None else list(center)
    shears = checked_affine(angle, translate, scale, shear, center)
    inverse = inverse_affine_matrix(middle, angle, translate, scale, shears)
    forward = np.linalg.inv(np.vstack([np.reshape(inverse, (2, 3)), [0.0, 0.0, 1.0]]))[:2]
    shift = forward[:, 2]
    if expand:
        edges = np.array([[0, 0], [0, height], [width, height], [width, 0]], np.float64)
        shift = shift - (edges @ forward[:, :2].T + shift).min(axis=0)
        columns, rows = expanded(inverse, width, height)
        canvas = (rows, columns)

    def move(points: Array) -> Array:
        given = floats(points)
        return (given @ forward[:, :2].T + shift).astype(given.dtype)

    return move, canvas


def perspective_move(
    startpoints: Any, endpoints: Any, coefficients: Sequence[float] | None = None
) -> Move:
    """The inverse of what the image's pixels are looked up with.

    Raises RuntimeError where that has none.
    """
    if coefficients is None:
        if startpoints is None or endpoints is None:
            raise ValueError(
                "Either the startpoints/endpoints or the coefficients must have non `None` values."
            )
        coefficients = perspective_coefficients(startpoints, endpoints)
    elif startpoints is not None and endpoints is not None:
        raise ValueError(
            "The startpoints/endpoints and the coefficients shouldn't be defined concurrently."
        )
    elif len(coefficients) != 8:
        raise ValueError("Argument coefficients should have 8 float values")
    a, b, c, d, e, f, g, h = coefficients
    bottom = a * e - b * d
    if bottom == 0:
        raise RuntimeError(
            f"Provided perspective_coeffs {coefficients} can not be inverted to transform points. "
            f"Denominator is zero, denom={bottom}"
        )
    # the adjugate of [[a, b, c], [d, e, f], [g, h, 1]], whose last entry is ``bottom``
    rows = np.array([
        [e - f * h, c * h - b, b * f - c * e],
        [f * g - d, a - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, bottom],
    ]) / bottom  # fmt: skip

    def move(points: Array) -> Array:
        given = floats(points)
        over, under = rows[:2].astype(given.dtype), rows[2].astype(given.dtype)
        scale = given @ under[:2] + under[2]
        moved: Array = (given @ over[:, :2].T + over[:, 2]) / scale[..., None]
        return moved

    return move


def elastic_move(canvas: Size, displacement: Any) -> Callable[[Array, Array], Array]:
    """Of points, and the pixels (whole numbers) whose displacement is theirs: about the inverse."""
    height, width = canvas
    wanted = (1, height, width, 2)
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    if tuple(displacement.shape) != wanted:
        raise ValueError(
            f"Argument displacement shape should be {wanted}, but given {displacement.shape}"
        )
    places = np.broadcast_arrays(identity_places(width), identity_places(height)[:, None])
    grid = np.stack(places, -1) - detached_array(displacement)[0]

    def move(points: Array, pixels: Array) -> Array:
        x = pixels[..., 0].clip(0, width - 1)
        y = pixels[..., 1].clip(0, height - 1)
        kind = floats(points).dtype
        size = np.array([width, height], kind) * kind.type(0.5)
        moved: Array = (grid[y, x].astype(kind) + kind.type(1)) * size - kind.type(0.5)
        return moved

    return move
