"""``torch.testing.make_tensor``: a tensor of any dtype with drawn numbers, for tests."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.ops.view.sizes import sizes


def _bounds(low: Any, high: Any, lowest: Any, highest: Any, defaults: tuple[Any, Any]) -> Any:
    low = defaults[0] if low is None else low
    high = defaults[1] if high is None else high
    if any(isinstance(each, float) and math.isnan(each) for each in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high:
        warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is "
            "deprecated since 2.1 and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
        )
    elif low > high:
        raise ValueError(f"`low` must be less than `high`, but got {low} > {high}")
    elif high < lowest or low > highest:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but the dtype "
            f"only supports values in the range [{lowest}, {highest}]"
        )
    return max(low, lowest), min(high, highest)


def _whole(shape: tuple[int, ...], kind: Any, low: Any, high: Any, around: tuple[int, int]) -> Any:
    info = (0, 2) if kind is torch.bool else (torch.iinfo(kind).min, torch.iinfo(kind).max + 1)
    low, high = _bounds(low, high, *info, around)
    low, high = math.ceil(low), math.ceil(high)
    return torch.randint(low, high, shape, dtype=kind)


def make_tensor(
    *shape: Any, dtype: Any, device: Any, low: Any = None, high: Any = None,
    requires_grad: bool = False, noncontiguous: bool = False, exclude_zero: bool = False,
    memory_format: Any = None,
) -> Any:  # fmt: skip
    """Numbers drawn evenly from [low, high): by default [-9, 9) of floating dtypes, [-9, 10) of
    whole numbers, [0, 10) of uint8.

    ``noncontiguous`` leaves gaps in memory; ``exclude_zero`` puts the smallest positive number
    where zeros were drawn. Raises ValueError for bounds that the dtype cannot hold.
    """
    where = tuple(sizes(shape))
    gaps = noncontiguous and math.prod(where) > 1
    if gaps:
        where = (*where[:-1], 2 * where[-1])
    smallest: Any = 1
    if dtype is torch.bool:
        made = _whole(where, dtype, low, high, (0, 2))
    elif dtype is torch.uint8:
        made = _whole(where, dtype, low, high, (0, 10))
    elif not (dtype.is_floating_point or dtype.is_complex):
        made = _whole(where, dtype, low, high, (-9, 10))
    else:
        limits = torch.finfo(dtype.to_real() if dtype.is_complex else dtype)
        low, high = _bounds(low, high, limits.min, limits.max, (-9, 9))
        made = torch.empty(where, dtype=dtype, device=device)
        (torch.view_as_real(made) if dtype.is_complex else made).uniform_(low, high)
        smallest = complex(limits.tiny, limits.tiny) if dtype.is_complex else limits.tiny
    if gaps:
        made = made[..., 1::2]
    elif memory_format is not None:
        made = made.clone(memory_format=memory_format)
    if exclude_zero:
        made[made == 0] = smallest
    return made.requires_grad_() if requires_grad else made
