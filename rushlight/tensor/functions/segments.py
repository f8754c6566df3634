"""Reductions of runs of rows: segment_reduce."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_STARTS = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -math.inf, "min": math.inf}
_MODES = {"sum": "sum", "mean": "sum", "prod": "prod", "max": "amax", "min": "amin"}


def _counts(lengths: Tensor | None, offsets: Tensor | None) -> Any:
    if (lengths is None) == (offsets is None):
        raise RuntimeError("segment_reduce(): give either lengths or offsets")
    if lengths is not None:
        return lengths._array()
    assert offsets is not None
    return np.diff(offsets._array(), axis=-1)


@public(aliases=("_segment_reduce",))
def segment_reduce(
    data: Tensor, reduce: str, *, lengths: Tensor | None = None, indices: Tensor | None = None,
    offsets: Tensor | None = None, axis: int = 0, unsafe: bool = False, initial: Any = None,
) -> Tensor:  # fmt: skip
    """Runs along ``axis`` reduced to one each: "sum", "mean", "max", "min" or "prod".

    ``lengths`` (or ``offsets``, their running sum from 0) have the shape of ``data`` up to
    ``axis``, then one for each run; ``initial`` takes part in every run.

    >>> import rushlight as torch
    >>> torch.segment_reduce(torch.arange(4.0), "sum", lengths=torch.tensor([1, 3]))
    tensor([0., 6.])
    """
    if reduce not in _STARTS:
        raise RuntimeError(f"segment_reduce(): unsupported reduction given! {reduce}")
    if indices is not None:
        raise NotImplementedError("segment_reduce(): indices based reduction is not supported")
    refuse("segment_reduce", data.dtype)
    counts = np.asarray(_counts(lengths, offsets))
    size, runs = data.shape[axis], counts.shape[-1]
    if not unsafe and ((counts < 0).any() or (counts.sum(-1) != size).any()):
        raise RuntimeError(
            f"segment_reduce(): Expected all rows of lengths along axis to sum to data.size({axis})"
            " when !unsafe."
        )
    rows = counts.reshape(-1, runs)
    places = np.full((len(rows), size), runs)  # what no run holds goes to one run more
    for place, row in zip(places, rows, strict=True):
        held = np.repeat(np.arange(runs), row)[:size]
        place[: len(held)] = held
    wide = (*counts.shape[:-1], size, *(1,) * (data.ndim - axis - 1))
    index = function("expand")(Tensor._from_array(places.reshape(wide)), *data.shape)
    shape = tuple(runs + 1 if k == axis else n for k, n in enumerate(data.shape))
    start = _STARTS[reduce] if initial is None else float(initial)
    begun = function("_full")(shape, start, data.dtype)
    every = function("scatter_reduce")(begun, axis, index, data, _MODES[reduce])
    total: Any = function("narrow")(every, axis, 0, runs)
    if reduce != "mean":
        return total  # type: ignore[no-any-return]
    spread = counts.reshape(*counts.shape, *(1,) * (data.ndim - axis - 1)).astype(data.dtype.np)
    empty = start if initial is not None else math.nan
    divided = total / Tensor._from_array(np.maximum(spread, 1))
    full = Tensor._from_array(spread > 0)
    return function("where")(full, divided, empty)  # type: ignore[no-any-return]
