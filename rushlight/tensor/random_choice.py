"""Drawing by chance: ``bernoulli``, and indices in proportion to weights, ``multinomial``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.argument_kinds import asks
from rushlight.tensor.drawing import made_of, real_kind, require_real
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.kinds import convert, type_name
from rushlight.tensor.memory_format import laid_out
from rushlight.tensor.out import write_out
from rushlight.tensor.random import rand
from rushlight.tensor.random_samples import drawn_from, per_sample
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

# Rows that NumPy goes through one by one sooner than kernels through all of them.
_FEW_ROWS = 8
# Weights that Python has looked at before NumPy would begin.
_FEW_WEIGHTS = 32


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
        _require_weights(rows)
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


def _require_weights(rows: np.ndarray[Any, Any]) -> None:
    """RuntimeError unless all of (rows, n) numbers are weights, and some of each row above 0."""
    if rows.size <= _FEW_WEIGHTS and rows.itemsize >= 4:
        lists = rows.tolist()
        fine = all(0 <= each < math.inf for row in lists for each in row)  # nan is neither
        some = all(map(any, lists))
    else:
        checked = rows if rows.itemsize >= 4 else rows.astype(np.float32)
        largest = checked.max(axis=1)
        fine = bool(checked.min() >= 0 and largest.max() < math.inf)
        some = bool(largest.min() > 0)
    if not fine:
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not some:
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def _multinomial_of_samples(
    input: Tensor, num_samples: int, replacement: bool, generator: Generator | None
) -> Tensor:
    def draw(whole: Tensor) -> Tensor:
        rows: Tensor = function("reshape")(whole, -1, whole.shape[-1])
        found = multinomial(rows, num_samples, replacement, generator=generator)
        made: Tensor = function("reshape")(found, *whole.shape[:-1], num_samples)
        return made

    return drawn_from(draw, input)


def require_chance(p: float) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")


def chances_of(p: Tensor, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The probabilities for tensors of ``shape``. RuntimeError where one is none."""
    array = p._array()
    flat = (array if array.shape == shape else np.broadcast_to(array, shape)).reshape(-1)
    if not ((flat >= 0) & (flat <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    return np.ascontiguousarray(flat)


@asks
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """1 with the probability each element says (or ``p``), else 0."""
    kind = input.dtype
    if local.trace.abstract:
        return _bernoulli_of_sample(input, p, generator)
    source = source_of(generator)
    if p is not None:
        require_chance(p)
        require_real(kind, "bernoulli_scalar_cpu_")
        drawn = source.bernoulli(input._value.meta.numel, float(p))
    else:
        require_real(kind, "bernoulli_tensor_cpu_self_")
        real_kind(kind, "bernoulli_tensor_cpu_p_")
        drawn = source.bernoulli_each(chances_of(input, tuple(input.shape)))
    made = made_of(Buffer.copying(drawn.astype(kind.np)), kind, tuple(input.shape))
    if out is not None:
        return write_out("bernoulli", out, made)
    if input._edge is None or p is not None or not local.trace.grad:
        return made
    result: Tensor = function("_in_place_of")(input, made, "Bernoulli")
    return result


def _bernoulli_of_sample(input: Tensor, p: float | None, generator: Generator | None) -> Tensor:
    """``bernoulli`` under ``vmap``, where the chances are not known yet."""
    shape = tuple(input.shape)
    if p is not None:
        kind = input.dtype
        chance = p
        return per_sample(
            lambda sizes: Tensor._from_array(
                source_of(generator)
                .bernoulli(math.prod((*sizes, *shape)), chance)
                .astype(kind.np)
                .reshape((*sizes, *shape))
            )
        )
    wide = dtypes.float64 if input.dtype is dtypes.float64 else dtypes.float32
    uniform = per_sample(lambda sizes: rand(*sizes, *shape, generator=generator, dtype=wide))
    return convert(uniform < input, input.dtype)  # type: ignore[operator, no-any-return]
