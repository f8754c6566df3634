"""Areas under sampled curves, and their slopes: trapezoid, cumulative_trapezoid, gradient."""

from __future__ import annotations

import functools
import operator
from typing import Any

from rushlight.base.shape import normalize_dim
from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _part(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    made: Tensor = function("narrow")(x, axis, start, length)
    return made


def _steps(x: Tensor, y: Tensor, axis: int, who: str) -> Tensor:
    """The distances between sample points, shaped to stand along ``axis`` of ``y``."""
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise RuntimeError(
                f"{who}(): There must be one `x` value for each sample point, got {x.shape[0]} "
                f"for {y.shape[axis]} samples"
            )
        gaps = _part(x, 0, 1, x.shape[0] - 1) - _part(x, 0, 0, x.shape[0] - 1)  # type: ignore[operator]
        return function("reshape")(gaps, (-1, *(1,) * (y.ndim - axis - 1)))  # type: ignore[no-any-return]
    along = axis if x.ndim > y.ndim else axis - y.ndim + x.ndim
    if along < 0:
        along = x.ndim - 1
    count = x.shape[along]
    return _part(x, along, 1, count - 1) - _part(x, along, 0, count - 1)  # type: ignore[operator, no-any-return]


def _areas(y: Tensor, x: Any, dx: Any, dim: int, who: str) -> tuple[Tensor | None, int]:
    axis = normalize_dim(dim, y.ndim)
    count = y.shape[axis]
    if y.dtype.name == "bool":
        raise RuntimeError(f"{who}: received a bool input for `y`, but bool is not supported")
    if x is not None and x.dtype.name == "bool":
        raise RuntimeError(f"{who}: received a bool input for `x`, but bool is not supported")
    if isinstance(dx, (bool, complex)):
        raise RuntimeError(f"{who}: Currently, we only support dx as a real number.")
    if count == 0:
        return None, axis
    sums = _part(y, axis, 1, count - 1) + _part(y, axis, 0, count - 1)  # type: ignore[operator]
    if x is None:
        return sums * dx / 2.0, axis
    return sums * _steps(x, y, axis, who) / 2.0, axis


@public(aliases=("trapz",))
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The area under ``y`` along ``dim`` by trapezoids; samples at ``x`` or ``dx`` apart.

    >>> import rushlight as torch
    >>> torch.trapezoid(torch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    _one_spacing("trapezoid", x, dx)
    areas, axis = _areas(y, x, 1 if dx is None else dx, dim, "trapezoid")
    if areas is None:
        shape = tuple(n for k, n in enumerate(y.shape) if k != axis)
        return function("_full")(shape, 0, y.dtype)  # type: ignore[no-any-return]
    return function("sum")(areas, axis)  # type: ignore[no-any-return]


@public()
def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1
) -> Tensor:
    """The running area under ``y`` along ``dim``: one element fewer than samples."""
    _one_spacing("cumulative_trapezoid", x, dx)
    areas, axis = _areas(y, x, 1 if dx is None else dx, dim, "cumulative_trapezoid")
    return y if areas is None else function("cumsum")(areas, axis)  # type: ignore[no-any-return]


def _one_spacing(who: str, x: Any, dx: Any) -> None:
    if x is not None and dx is not None:
        raise TypeError(f"{who}() takes the sample points x or their distance dx, not both")


# Slopes


@public()
def gradient(
    input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """Central differences along each of ``dim`` (all axes if None), one-sided at the ends.

    ``spacing``: one number, or a list of one number or of one coordinate vector for each axis.
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    refuse("gradient", input.dtype)
    given = [dim] if isinstance(dim, int) else list(range(input.ndim) if dim is None else dim)
    axes = [normalize_dim(each, input.ndim) for each in given]
    if len(set(axes)) != len(axes):
        repeated = next(axis for axis in axes if axes.count(axis) > 1)
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    spacing = 1 if spacing is None else spacing
    spaces = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(axes)
    if isinstance(spacing, (list, tuple)) and len(spaces) != len(axes):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {len(axes)}', since dim argument was not given, but got a "
            f"list of length {len(spaces)}"
        )
    inexact = input.dtype.is_floating_point or input.dtype.is_complex
    x = input if inexact else input.float()  # type: ignore[attr-defined]
    for axis in axes:
        if input.shape[axis] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    return tuple(
        _slope(x, axis, space, edge_order) for axis, space in zip(axes, spaces, strict=True)
    )


def _even_slope(x: Tensor, axis: int, space: float, edge_order: int) -> Tensor:
    """The slope where all elements are ``space`` apart: an end of order 2 leans on three."""
    size = x.shape[axis]
    middle: Any = None
    if size > 2:  # recorded first: slopes of halves add up in the order of PyTorch's
        behind: Any = _part(x, axis, 0, size - 2)
        middle = (_part(x, axis, 2, size - 2) - behind) / space

    def end(*weighted: tuple[float, int]) -> Any:
        terms: list[Any] = [_part(x, axis, k % size, 1) * w for w, k in weighted]  # type: ignore[operator]
        return functools.reduce(operator.add, terms) / space

    if edge_order == 1:
        first, last = end((1, 1), (-1, 0)), end((1, -1), (-1, -2))
    else:
        first, last = end((-1.5, 0), (2, 1), (-0.5, 2)), end((0.5, -3), (-2, -2), (1.5, -1))
    parts = [first, last] if middle is None else [first, middle / 2, last]
    return function("cat")(tuple(parts), axis)  # type: ignore[no-any-return]


def _slope(x: Tensor, axis: int, space: Any, edge_order: int) -> Tensor:
    size = x.shape[axis]
    if isinstance(space, Tensor) and space.ndim == 1:
        if space.shape[0] != size:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have the same length as "
                f"dimension {axis}, but got {space.shape[0]} and {size}"
            )
        gaps = _steps(space, x, axis, "gradient")
    elif not isinstance(space, Tensor):
        return _even_slope(x, axis, space, edge_order)
    else:
        shape = [1] * (x.ndim - axis)
        gaps = function("expand")(
            function("_full")(tuple(shape), 1, x.dtype) * space, size - 1, *shape[1:]
        )

    def at(k: int) -> Tensor:
        return _part(x, axis, k % size, 1)

    def gap(k: int) -> Tensor:
        return _part(gaps, 0, k % (size - 1), 1)

    def edge(near: int, inward: int, sign: int) -> Tensor:
        a = gap(0 if sign > 0 else -1)
        if edge_order == 1:
            return sign * (at(near + inward) - at(near)) / a  # type: ignore[operator, no-any-return]
        b = gap(1 if sign > 0 else -2)
        first, second, third = at(near), at(near + inward), at(near + 2 * inward)
        return sign * (  # type: ignore[no-any-return]
            second * ((a + b) / (a * b)) - first * ((2 * a + b) / (a * (a + b)))  # type: ignore[operator]
            - third * (a / (b * (a + b)))  # type: ignore[operator]
        )  # fmt: skip

    parts = [edge(0, 1, 1)]
    if size > 2:
        low, high = _part(gaps, 0, 0, size - 2), _part(gaps, 0, 1, size - 2)
        before, here = _part(x, axis, 0, size - 2), _part(x, axis, 1, size - 2)
        after = _part(x, axis, 2, size - 2)
        parts.append(
            before * (-high / (low * (low + high)))  # type: ignore[operator]
            + here * ((high - low) / (low * high))  # type: ignore[operator]
            + after * (low / (high * (low + high)))  # type: ignore[operator]
        )
    parts.append(edge(size - 1, -1, -1))
    return function("cat")(tuple(parts), axis)  # type: ignore[no-any-return]
