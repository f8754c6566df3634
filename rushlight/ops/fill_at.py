"""A stretch of memory filled with one number, at a place that is known when the plan runs."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, reshape
from rushlight.ir.graph import Node
from rushlight.ops.promote import full
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Scalar, composite


@composite(torch=False, name="_fill_at", differentiable=False)
def fill_at(input: Node, start: Scalar, count: int, value: Scalar) -> Node:
    """``input`` with ``value`` in elements start .. start + count of its memory, all inside."""
    flat = reshape(input, (input.size,))
    places = binary("add", build.iota((count,), 0), full(start, (count,), int64))
    written = full(value, (count,), input.dtype)
    return reshape(build.put(flat, places, written, 0, "set"), input.shape)


@fill_at.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 7, 1, 1.5), {}
    yield (floats(rng, 2, 3, 4), 12, 4, -2), {}
    yield (np.arange(6), 5, 1, 3), {}
    yield (np.zeros(4, bool), 0, 3, True), {}


@fill_at.reference
def _(input: np.ndarray, start: int, count: int, value: float) -> np.ndarray:
    out = input.copy()
    out.reshape(-1)[start : start + count] = value
    return out
