"""torch.nn.functional's resampling and sliding windows: interpolate, upsample, unfold, fold."""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.shape import normalize_dim
from rushlight.base.warn import warn
from rushlight.tensor.argument_kinds import is_whole
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_LINEAR = {"linear": 1, "bilinear": 2, "trilinear": 3}
_ANTIALIASED = {"bilinear": "linear", "bicubic": "cubic", "lanczos": "lanczos"}


def _spread(value: Any, rank: int, what: str) -> tuple[Any, ...]:
    if isinstance(value, (list, tuple)):
        if len(value) != rank:
            raise ValueError(
                f"Input and {what} must have the same number of spatial dimensions, but got input "
                f"with {rank} spatial dimensions and {what} of {tuple(value)}"
            )
        return tuple(value)
    return (value,) * rank


@public(torch=False, functional=True)
def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:  # fmt: skip
    """(N, C, *) resampled to ``size``, or by ``scale_factor``.

    ``mode``: nearest, nearest-exact, linear (3-D input), bilinear and bicubic (4-D), trilinear
    (5-D), area.
    """
    rank = input.ndim - 2
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | "
                "bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    if (size is None) == (scale_factor is None):
        raise ValueError(
            "either size or scale_factor should be defined"
            if size is None
            else "only one of size or scale_factor should be defined"
        )
    if size is not None and recompute_scale_factor:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if antialias and not (mode in _ANTIALIASED and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            "a 4-D tensor as input"
        )
    sizes, scales = _targets(input, size, scale_factor, rank, recompute_scale_factor)
    if antialias:
        if mode == "lanczos" and align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        smooth: Tensor = function("_antialias")(
            input, sizes, scales, _ANTIALIASED[mode], bool(align_corners)
        )
        return smooth
    if mode == "area" and 1 <= rank <= 3:
        pooled: Tensor = function(f"adaptive_avg_pool{rank}d")(input, sizes)
        return pooled
    kind = _kind(mode, rank, input)
    out: Tensor = function("_interpolate")(input, sizes, scales, kind, bool(align_corners))
    return out


def _targets(
    input: Tensor, size: Any, scale_factor: Any, rank: int, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    if size is not None:
        sizes = tuple(int(each) for each in _spread(size, rank, "output size"))
        return sizes, (None,) * rank
    factors = tuple(float(each) for each in _spread(scale_factor, rank, "scale_factor"))
    sizes = tuple(
        math.floor(n * factor) for n, factor in zip(input.shape[2:], factors, strict=True)
    )
    return sizes, (None,) * rank if recompute else factors


def _kind(mode: str, rank: int, input: Tensor) -> str:
    if mode in ("nearest", "nearest-exact") and rank in (1, 2, 3):
        return mode
    if _LINEAR.get(mode) == rank:
        return "linear"
    if mode == "bicubic" and rank == 2:
        return "cubic"
    if mode in _LINEAR or mode == "bicubic":
        needed = _LINEAR.get(mode, 2) + 2
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {needed}D input")
    raise NotImplementedError(
        "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
        f"{input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area | "
        f"nearest-exact (got {mode})"
    )


@public(torch=False, functional=True)
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:  # fmt: skip
    """``interpolate`` under its old name."""
    warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def _upsample_2d(name: str, doc: str, **options: Any) -> None:
    def sample(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
        warn(
            f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        )
        return interpolate(input, size, scale_factor, **options)

    sample.__name__ = sample.__qualname__ = name
    sample.__doc__ = doc
    public(torch=False, functional=True)(sample)


_upsample_2d("upsample_nearest", "``interpolate`` by the nearest element.", mode="nearest")
_upsample_2d(
    "upsample_bilinear", "``interpolate`` linearly, corners aligned.", mode="bilinear",
    align_corners=True,
)  # fmt: skip


def _pairs(who: str, **given: Any) -> tuple[tuple[int, int], ...]:
    """Each argument as (along rows, along columns): one number means both."""
    pairs = []
    for name, value in given.items():
        each = (value, value) if is_whole(value) or not isinstance(value, (tuple, list)) else value
        for n in each:
            if not is_whole(n):
                raise TypeError(
                    f"{who}(): argument '{name}' must be tuple of ints, but found element of type "
                    f"{type(n).__name__}"
                )
        if len(each) != 2:
            raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(each)}")
        pairs.append((int(each[0]), int(each[1])))
    return tuple(pairs)


@public(torch=False, functional=True)
def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Every window of (N, C, H, W) as a column: (N, C * taps, windows)."""
    if input.ndim < 3:  # IndexError: PyTorch asks for the sizes of axes 1 and 2 first
        normalize_dim(2 if input.ndim == 2 else 1, input.ndim)
    if input.ndim not in (3, 4):
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    x = input if input.ndim == 4 else function("unsqueeze")(input, 0)
    window = _pairs(
        "im2col", kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride
    )
    out: Tensor = function("_im2col")(x, *window)
    return out if input.ndim == 4 else function("squeeze")(out, 0)


@public(torch=False, functional=True)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Columns (N, C * taps, windows) put back and summed: (N, C, *output_size)."""
    if input.ndim not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    x = input if input.ndim == 3 else function("unsqueeze")(input, 0)
    window = _pairs(
        "col2im", output_size=output_size, kernel_size=kernel_size, dilation=dilation,
        padding=padding, stride=stride,
    )  # fmt: skip
    out: Tensor = function("_col2im")(x, *window)
    return out if input.ndim == 3 else function("squeeze")(out, 0)
