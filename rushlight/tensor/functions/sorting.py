"""Places in sorted sequences and quantiles by a number: what turns numbers into tensors first."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _tensor(value: Any, like: Tensor) -> Tensor:
    if isinstance(value, Tensor):
        return value
    return Tensor._from_array(np.asarray(value, like.dtype.np))


@public(method=False, out=True)
def searchsorted(
    sorted_sequence: Tensor, input: Tensor | float, *, out_int32: bool = False, right: bool = False,
    side: str | None = None, sorter: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where each value would be inserted along the last axis so that the order stays."""
    if not isinstance(input, Tensor) and sorted_sequence.ndim != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
            f"dimension is 1, but we got boundaries tensor dim({sorted_sequence.ndim}) and input "
            "value's dim(0) numel(1)"
        )
    refuse("searchsorted", sorted_sequence.dtype)
    found: Tensor = function("_searchsorted")(
        sorted_sequence, _tensor(input, sorted_sequence), out_int32, right, side, sorter
    )
    return found


@public(out=True)
def bucketize(
    input: Tensor | float, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """Which of the intervals between boundaries each value is in."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def _quantile(
    who: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    refuse(who, input.dtype)
    share = _tensor(q, input)
    given = share._array()
    if given.size and not ((given >= 0) & (given <= 1)).all():
        if not isinstance(q, Tensor):
            raise RuntimeError(f"{who}() q must be in the range [0, 1] but got {q}")
        raise RuntimeError(f"{who}() q values must be in the range [0, 1]")
    made: Tensor = function("_quantile")(
        input, share, dim, keepdim, interpolation, who == "nanquantile"
    )
    return made


@public(method=True, out=True)
def quantile(
    input: Tensor, q: Tensor | float, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """The q-quantiles (a number or a 1-d tensor of them) along ``dim``; nan where one is there."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@public(method=True, out=True)
def nanquantile(
    input: Tensor, q: Tensor | float, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """The q-quantiles of what is not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)
