"""Sums and means of rows of a table, bag by bag: what embedding_bag looks up."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int32, int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops import bag_loops as _loops  # noqa: F401
from rushlight.ops.embedding import embedding
from rushlight.ops.formula import like, minus, over
from rushlight.ops.samples import Fixed, Rng, Samples, floats
from rushlight.ops.table import Grads, composite


def _bags(index: Array, starts: Array, rows: int) -> list[Array]:
    ends = np.append(starts[1:], len(index))
    wrong = (index < 0) | (index >= rows)
    if wrong.any():
        raise IndexError(
            f"index out of range in self: embedding_bag got index {index[wrong][0]}, but the table "
            f"has {rows} rows"
        )
    return [index[start:end] for start, end in zip(starts, ends, strict=True)]


@host("bag_sum")
def _host_sum(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    weight, index, starts = arrays
    return np.stack([weight[each].sum(0) for each in _bags(index, starts, len(weight))])


@host("bag_of")
def _host_of(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    """The bag of each place; of those in none, how many bags there are."""
    (starts,) = arrays
    (count,) = params
    made = np.full(count, len(starts))
    for bag, each in enumerate(_bags(np.arange(count), starts, count)):
        made[each] = bag
    return made


@composite(torch=False, name="_embedding_bag", grad_name="EmbeddingBag")
def embedding_bag(weight: Node, input: Node, offsets: Node, mean: bool) -> Node:
    """Sums (``mean``: means) of rows of ``weight`` (V, D): of input[offsets[b] : offsets[b + 1]].

    input (n,) and offsets (B,), not falling and between 0 and n -> (B, D); the last bag ends where
    the input does. An empty bag gives 0.
    """
    if input.dtype not in (int64, int32):
        made: Node = embedding.body(input, weight)  # says what it takes
        return made
    shape = (offsets.shape[0], weight.shape[1])
    total = build.host("bag_sum", (weight, input, offsets), shape, weight.dtype)
    return over(total, _sizes(input, offsets, total)) if mean else total


def _sizes(input: Node, offsets: Node, total: Node) -> Node:
    """How many there are in each bag, at least 1, as numbers like ``total``."""
    bags = offsets.shape[0]
    starts = build.cast(offsets, int64)
    end = const(input.shape[0], (1,), int64)
    ends = build.cat([build.slice(starts, (1,), (bags - 1,), (1,)), end], 0) if bags > 1 else end
    sizes = binary("maximum", minus(ends, starts), like(starts, 1))
    return build.expand(reshape(build.cast(sizes, total.dtype), (bags, 1)), total.shape)


@embedding_bag.vjp
def _(g: Node, out: Node, weight: Node, input: Node, offsets: Node, mean: bool) -> Grads:
    g = over(g, _sizes(input, offsets, g)) if mean else g
    count = input.shape[0]
    bags = build.host("bag_of", (offsets,), (count,), int64, (count,))
    rows = build.take(build.cat([g, const(0, (1, g.shape[1]), g.dtype)], 0), bags, 0)
    zeros = const(0, weight.shape, weight.dtype)
    return build.put(zeros, build.cast(input, int64), rows, 0, "add"), None, None


@embedding_bag.samples
def _(rng: Rng) -> Samples:
    for mean in (False, True):
        weight, places = floats(rng, 5, 3), rng.integers(0, 5, 9)
        yield (weight, places, Fixed(np.array([0, 2, 2, 8])), mean), {}
        yield (weight, places.astype(np.int32), Fixed(np.array([0])), mean), {}
