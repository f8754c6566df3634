"""torch.nn.functional.grid_sample and affine_grid: images sampled at any place."""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.base.warn import warn
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _corners(align_corners: bool | None) -> bool:
    if align_corners is None:
        warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired. See the "
            "documentation of grid_sample for details.",
        )
    return bool(align_corners)


@public(torch=False, functional=True)
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """(N, C, H, W) at the places (x, y) of ``grid`` (N, H', W', 2): (N, C, H', W'); or one more
    axis, then (x, y, z).

    ``mode``: bilinear, nearest, bicubic (two axes only). ``padding_mode``, for places outside
    [-1, 1]: zeros, border, reflection. Raises ValueError for other words.
    """
    if mode not in _MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    corners = _corners(align_corners)
    out: Tensor = function("_grid_sample")(input, grid, mode, padding_mode, corners)
    return out


@public(torch=False, functional=True)
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid of affine maps ``theta`` (N, 2, 3) or (N, 3, 4) for an output of ``size``.

    (N, C, H, W) gives (N, H, W, 2), (N, C, D, H, W) gives (N, D, H, W, 3).
    """
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    shape = tuple(int(each) for each in size)
    if len(shape) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {shape}."
        )
    rank = len(shape) - 2
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{shape}. Got {theta.shape}."
        )
    if min(shape) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {shape}")
    if theta.shape[0] != shape[0]:
        raise RuntimeError(
            f"Expected a batch of {shape[0]} affine matrices for size {shape}, got {theta.shape}"
        )
    corners = _corners(align_corners)
    out: Tensor = function("_affine_grid")(theta, shape, corners)
    return out


def _numbered(rank: int) -> None:
    """``torch.grid_sampler_2d`` and ``_3d``: ``grid_sample`` with modes by number."""

    def grid_sampler(
        input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int,
        align_corners: bool,
    ) -> Tensor:  # fmt: skip
        mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
        padding = ("zeros", "border", "reflection")[padding_mode]
        made: Tensor = grid_sample(input, grid, mode, padding, align_corners)
        return made

    grid_sampler.__name__ = grid_sampler.__qualname__ = f"grid_sampler_{rank}d"
    grid_sampler.__doc__ = f"``grid_sample`` over {rank} axes, its modes given by number."
    public()(grid_sampler)


_numbered(2)
_numbered(3)
