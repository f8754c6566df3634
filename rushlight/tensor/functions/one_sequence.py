"""Sizes and axes as one sequence, or each on its own.

PyTorch's methods take either, ``x.permute(1, 0)`` and ``x.permute((1, 0))``; its functions take
one sequence, ``torch.permute(x, (1, 0))``.
"""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions.register import public, torch_form
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _one(who: str, name: str, value: Any) -> Any:
    """``value``, which has to be a sequence. TypeError for a number."""
    if not isinstance(value, (tuple, list)):
        raise TypeError(
            f"{who}(): argument '{name}' (position 2) must be tuple of ints, not "
            f"{type(value).__name__}"
        )
    return value


@torch_form
def permute(input: Tensor, dims: Any) -> Tensor:
    """Axis k of the result is axis dims[k]."""
    return function("permute")(input, _one("permute", "dims", dims))  # type: ignore[no-any-return]


@torch_form
def reshape(input: Tensor, shape: Any) -> Tensor:
    """The same elements under another shape: a view where possible, else a copy."""
    return function("reshape")(input, _one("reshape", "shape", shape))  # type: ignore[no-any-return]


@torch_form
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """Axes of size 1 repeated without copying."""
    return function("broadcast_to")(input, _one("broadcast_to", "size", size))  # type: ignore[no-any-return]


@torch_form
def flip(input: Tensor, dims: Any) -> Tensor:
    """The order along ``dims`` reversed (a copy)."""
    return function("flip")(input, _one("flip", "dims", dims))  # type: ignore[no-any-return]


@torch_form
def tile(input: Tensor, dims: Any) -> Tensor:
    """The tensor repeated along each axis; missing counts are 1."""
    return function("tile")(input, _one("tile", "dims", dims))  # type: ignore[no-any-return]


@public(torch=False, method=True)
def squeeze(input: Tensor, *dim: Any, **named: Any) -> Tensor:
    """Axes of size 1 removed: all, or those named, in one sequence or each on its own."""
    given = (dim,) if len(dim) > 1 else dim
    return function("squeeze")(input, *given, **named)  # type: ignore[no-any-return]


@public(torch=False, method=True)
def count_nonzero(input: Tensor, *dim: Any, **named: Any) -> Tensor:
    """How many elements are not zero, of all or along the axes named."""
    given = (dim,) if len(dim) > 1 else dim
    return function("count_nonzero")(input, *given, **named)  # type: ignore[no-any-return]
