"""Subtract a mean and divide by a deviation, channel by channel."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base import config
from rushlight.base.warn import warn
from rushlight.tensor import Tensor, as_tensor
from rushlight.utils.data.arrays import Array, array_of, wrap

LAST_ERA = 2022  # until then Normalize used the first values where it was given too many


@functools.lru_cache(maxsize=64)
def _columns(mean: tuple[float, ...], std: tuple[float, ...], dtype: str) -> tuple[Array, Array]:
    """(C, 1, 1) mean and deviation. Raises ValueError for a deviation of zero."""
    means, deviations = (np.array(each, dtype).reshape(-1, 1, 1) for each in (mean, std))
    if (deviations == 0).any():
        raise ValueError(
            f"std evaluated to zero after conversion to torch.{dtype}, leading to division by zero."
        )
    return means, deviations


def _plain(values: Any) -> tuple[float, ...]:
    if isinstance(values, (int, float)):
        return (float(values),)
    return tuple(float(each) for each in values)


def columns(
    mean: Sequence[float], std: Sequence[float], dtype: str, channels: int
) -> tuple[Array, Array]:
    """Mean and deviation that fit an image of so many channels."""
    means, deviations = _columns(_plain(mean), _plain(std), dtype)
    most = max(len(means), len(deviations))
    if most > 1 and most != channels:
        if most < channels or not 0 < config.ERA <= LAST_ERA:
            hint = "" if most < channels else (
                f" (PyTorch up to {LAST_ERA} used the first {channels} values: "
                f"rushlight run --era {LAST_ERA} does)"
            )  # fmt: skip
            raise RuntimeError(
                f"Normalize: output with {channels} channels doesn't match the broadcast shape of "
                f"{most} means and deviations; give one value a channel" + hint
            )
        warn(
            f"Normalize was given {most} values for {channels} channels: the first are used",
            DeprecationWarning,
        )
        means, deviations = means[:channels], deviations[:channels]
    return means, deviations


def normalize_in_place(values: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
    """(..., C, H, W) floats, changed in place."""
    means, deviations = columns(mean, std, values.dtype.name, values.shape[-3])
    values -= means
    values /= deviations
    return values


def normalize(
    tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False
) -> Tensor:
    """(tensor - mean) / std for (..., C, H, W) images of floats, one mean and std a channel.

    Raises TypeError for ints, ValueError for fewer than three dimensions or a std of zero,
    RuntimeError if the number of values is not the number of channels.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            "Expected tensor to be a tensor image of size (..., C, H, W). "
            f"Got tensor.size() = {tensor.size()}"
        )
    values = None if inplace else array_of(tensor)
    if values is None or values.dtype.kind != "f":
        # Somebody watches the tensor (a gradient, its owner): with the tensor's own operations.
        means, deviations = columns(mean, std, "float64", tensor.shape[-3])
        mean_t, std_t = (as_tensor(each, dtype=tensor.dtype) for each in (means, deviations))
        if inplace:
            return tensor.sub_(mean_t).div_(std_t)
        return (tensor - mean_t) / std_t
    means, deviations = columns(mean, std, values.dtype.name, values.shape[-3])
    result = np.subtract(values, means)
    result /= deviations
    return wrap(result)
