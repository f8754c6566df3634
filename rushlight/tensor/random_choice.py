"""Drawing indices in proportion to weights: ``multinomial``."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.tensor.argument_kinds import asks
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.kinds import type_name
from rushlight.tensor.memory_format import laid_out
from rushlight.tensor.out import write_out
from rushlight.tensor.random_samples import drawn_from
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

# Rows that NumPy goes through one by one sooner than kernels through all of them.
_FEW_ROWS = 8


@asks
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """``num_samples`` indices a row, drawn in proportion to the row's weights."""
    if local.trace.abstract:
        return _multinomial_of_samples(input, num_samples, replacement, generator)
    weights = np.array(input._array())
    if out is not None and out.dtype is not dtypes.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {type_name(out.dtype)}")
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: "
            f"{type_name(input.dtype)}"
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    rows = weights.reshape(-1, weights.shape[-1])
    if weights.size:
        checked = rows if rows.itemsize >= 4 else rows.astype(np.float32)
        largest = checked.max(axis=1)
        if not (checked.min() >= 0 and largest.max() < math.inf):  # nan is neither
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        if not largest.min() > 0:
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    source = source_of(generator)
    again = replacement and num_samples > 1
    times = None
    if not again:
        times = laid_out(input, source.exponential(input._value.meta.numel, weights.dtype))
    if not again and num_samples > 1:
        made = function("topk")(Tensor._from_array(source.races(rows, times)), num_samples)[1]
    elif again and len(rows) > _FEW_ROWS:
        given = map(Tensor._from_array, source.thresholds(rows, num_samples))
        made = function("_searchsorted")(*given, False, False, None, None)
    else:
        made = Tensor._from_array(source.multinomial(rows, num_samples, replacement, times))
    made = function("reshape")(made, (*weights.shape[:-1], num_samples))
    return made if out is None else write_out("multinomial", out, made)


def _multinomial_of_samples(
    input: Tensor, num_samples: int, replacement: bool, generator: Generator | None
) -> Tensor:
    def draw(whole: Tensor) -> Tensor:
        rows: Tensor = function("reshape")(whole, -1, whole.shape[-1])
        found = multinomial(rows, num_samples, replacement, generator=generator)
        made: Tensor = function("reshape")(found, *whole.shape[:-1], num_samples)
        return made

    return drawn_from(draw, input)
