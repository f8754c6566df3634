"""F.embedding_bag: sums, means and maxima of rows of a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import float32, float64
from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.padding import embedding
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _check(input: Any, offsets: Any, mode: str, weights: Any, by_freq: bool, last: bool) -> None:
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                f"of fixed length sequences. However, found offsets of type {type(offsets)}"
            )
    elif input.dim() == 1:
        if not isinstance(offsets, Tensor):
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.ndim != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    else:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}"
        )
    if weights is not None and weights.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({weights.shape}) is not None, then it must "
            f"have the same shape as the input ({input.shape})"
        )
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )


def _starts(offsets: Any, count: int, last: bool) -> np.ndarray[Any, Any]:
    """Where each bag begins, and where the last ends."""
    starts = _offsets(offsets, count, last)
    return starts if last else np.append(starts, count)


def _offsets(offsets: Any, count: int, last: bool) -> np.ndarray[Any, Any]:
    starts = np.asarray(offsets._array(), np.int64)
    if len(starts) and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if len(starts) and starts[-1] > count:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {count} but got offsets[-1] of "
            f"{starts[-1]}"
        )
    if last and not len(starts):
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    return starts


def _added(input: Any, weight: Any, offsets: Any, mean: bool) -> Tensor | None:
    """Sums or means of the bags by one op; None where it is not for them."""
    if weight.dtype not in (float32, float64) or weight.dim() != 2 or not input.numel():
        return None
    if input.dim() == 2:
        offsets = Tensor._from_array(np.arange(0, input.numel(), input.shape[1]))
        input = input.reshape(-1)
    else:
        starts = _offsets(offsets, input.shape[0], False)
        if not len(starts) or (np.diff(starts) < 0).any():
            return None
    return function("_embedding_bag")(weight, input, offsets, mean)  # type: ignore[no-any-return]


def _bags(offsets: Any, count: int, last: bool) -> tuple[tuple[int, int], Any, Any]:
    """The shape (B, longest) of a table of bags, the places of its elements in the input, flat, and
    where it has none; None for both where all bags are equally long."""
    starts = _starts(offsets, count, last)
    sizes = np.diff(starts)
    longest = max(int(sizes.max(initial=0)), 1)
    shape = (len(sizes), longest)
    if longest * len(sizes) == count and sizes.min(initial=longest) == longest:
        return shape, None, None
    steps = np.arange(longest)
    absent = steps >= sizes[:, None]
    places = starts[:-1, None] + steps
    places[absent] = 0
    return shape, Tensor._from_array(places.reshape(-1)), Tensor._from_array(absent)


@public(torch=False, functional=True)
def embedding_bag(
    input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None,
    norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """input (B, n), or (n) with the places where bags begin, of rows of weight (R, E) -> (B, E).

    An empty bag gives 0. ``sparse`` as in ``embedding``.
    """
    _check(input, offsets, mode, per_sample_weights, scale_grad_by_freq, include_last_offset)
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    refuse("embedding_bag", weight.dtype)
    if padding_idx is not None:
        if not -weight.shape[0] <= padding_idx < weight.shape[0]:
            raise AssertionError("padding_idx must be within the number of embeddings")
        padding_idx %= weight.shape[0]
    plain = per_sample_weights is None and padding_idx is None and max_norm is None
    plain = plain and not (sparse or scale_grad_by_freq or include_last_offset)
    if plain and mode != "max":
        made = _added(input, weight, offsets, mode == "mean")
        if made is not None:
            return made
    places: Any = None
    absent: Any = None
    shape = tuple(input.shape)
    if input.dim() == 1:
        shape, places, absent = _bags(offsets, input.shape[0], include_last_offset)
        if not input.shape[0]:
            return weight.new_zeros((shape[0], weight.shape[1]))  # type: ignore[no-any-return]
    if padding_idx is not None:
        skipped = input == padding_idx
        if places is not None:
            skipped = function("take")(skipped, places)
        skipped = skipped.reshape(shape)
        absent = skipped if absent is None else function("logical_or")(absent, skipped)
    rows: Any = embedding(input, weight, None, max_norm, norm_type, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(-1)
    if places is not None:
        rows = rows.index_select(0, places)
    if input.dim() == 1:
        rows = rows.reshape((*shape, weight.shape[1]))
    if mode == "max":
        return _largest(rows, absent)
    if absent is not None:
        rows = rows.masked_fill(absent.unsqueeze(-1), 0.0)
    total: Any = rows.sum(1)
    if mode == "mean":
        if absent is None:
            return total / max(shape[1], 1)  # type: ignore[no-any-return]
        count = (shape[1] - absent.sum(1)).clamp(min=1)
        total = total / count.to(total.dtype).unsqueeze(-1)
    return total  # type: ignore[no-any-return]


def _largest(rows: Any, absent: Any) -> Tensor:
    if not rows.shape[1]:
        return rows.new_zeros((rows.shape[0], rows.shape[2]))  # type: ignore[no-any-return]
    if absent is None:
        return rows.max(1)[0]  # type: ignore[no-any-return]
    largest = rows.masked_fill(absent.unsqueeze(-1), -math.inf).max(1)[0]
    return largest.masked_fill(absent.all(1, keepdim=True), 0.0)  # type: ignore[no-any-return]
