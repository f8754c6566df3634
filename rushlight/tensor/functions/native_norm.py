"""torch.native_layer_norm and its kin: normalised values with the statistics they rest on."""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor, convert
from rushlight.tensor.wrap import function


@public()
def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """(layer_norm, mean, 1 / standard deviation); the statistics keep the axes as 1."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    out, mean, spread = function("_layer_norm")(input, shape, weight, bias, eps)
    kept = tuple(input.shape[: input.ndim - len(shape)]) + (1,) * len(shape)
    return out, _told(mean, input, weight, kept), _told(spread, input, weight, kept)


def _told(statistic: Tensor, input: Tensor, weight: Tensor | None, shape: Any) -> Tensor:
    """In float32 where halves meet parameters of float32, else in the input's dtype."""
    mixed = weight is not None and weight.dtype is not input.dtype
    made = statistic if mixed else convert(statistic, input.dtype)
    return made.reshape(shape)


@public()
def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int,
    group: int, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(group_norm, mean, 1 / standard deviation) of (N, C, *), the statistics (N, group)."""
    out, mean, spread = function("_group_norm")(input, group, weight, bias, eps)
    shape = (N, group)
    return out, _told(mean, input, weight, shape), _told(spread, input, weight, shape)
