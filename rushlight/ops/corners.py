"""Sums of a few weighted elements of each row, at places that are computed: sampling of images.

Three functions are each other's derivatives: ``sampled`` reads, ``spread`` adds to what was read,
``met`` is the slope of one weight. Rows are channels: places and weights are the same for all of
them. A place below 0 is outside, where there is nothing. Kernels: ``compiler/kernels/corners.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.primitive_rules.host import HOST_RULES
from rushlight.ops.table import Grads


def sampled(table: Node, places: Sequence[Node], weights: Sequence[Node]) -> Node:
    """sum over k of weights[k][n, p] * table[n, c, places[k][n, p]]: (N, C, S) -> (N, C, P).

    The first product is rounded, the others are added before they are.
    """
    n, channels, _ = table.shape
    shape = (n, channels, places[0].shape[1])
    sources = (table, *places, *weights)
    return build.host("corners_sampled", sources, shape, table.dtype, (len(places),))


def spread(g: Node, places: Sequence[Node], weights: Sequence[Node], size: int) -> Node:
    """(N, C, S) zeros with weights[k][n, p] * g[n, c, p] added at places[k][n, p], p after p."""
    sources = (g, *places, *weights)
    shape = (*g.shape[:2], size)
    return build.host("corners_spread", sources, shape, g.dtype, (len(places), size))


def met(g: Node, table: Node, places: Node) -> Node:
    """sum over c of g[n, c, p] * table[n, c, places[n, p]]: (N, P)."""
    return build.host("corners_met", (g, table, places), places.shape, g.dtype, (1,))


def _split(sources: Sequence[Any], count: int) -> tuple[Any, Sequence[Any], Sequence[Any]]:
    return sources[0], sources[1 : 1 + count], sources[1 + count :]


def _at(table: Array, places: Array) -> Array:
    there = np.broadcast_to(places[:, None], (*table.shape[:2], places.shape[1]))
    if not table.shape[2]:
        return np.zeros(there.shape, table.dtype)
    found = np.take_along_axis(table, np.maximum(there, 0).astype(np.int64), 2)
    return np.where(there < 0, table.dtype.type(0), found)


@host("corners_sampled")
def _sampled(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    table, places, weights = _split(arrays, params[0])
    total = np.zeros((*table.shape[:2], places[0].shape[1]))
    for place, weight in zip(places, weights, strict=True):
        total += _at(table, place).astype(np.float64) * weight[:, None]
    return total.astype(table.dtype)


@host("corners_spread")
def _spread(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    g, places, weights = _split(arrays, params[0])
    size = params[1]
    total = np.zeros((*g.shape[:2], size))
    first, second = np.ogrid[: g.shape[0], : g.shape[1]]
    for place, weight in zip(places, weights, strict=True):
        inside = np.broadcast_to((place >= 0)[:, None], g.shape)
        added = np.where(inside, g.astype(np.float64) * weight[:, None], 0)
        there = np.broadcast_to(np.maximum(place, 0)[:, None], g.shape)
        if size:
            np.add.at(total, (first[..., None], second[..., None], there), added)
    return total.astype(g.dtype)


@host("corners_met")
def _met(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    g, table, places = arrays
    total: Array = (g.astype(np.float64) * _at(table, places)).sum(1)
    return total.astype(g.dtype)


def _sampled_rule(g: Node, node: Node) -> Grads:
    table, places, weights = _split(node.src, node.attrs["params"][0])
    slopes = [met(g, table, place) for place in places]
    return (spread(g, places, weights, table.shape[2]), *[None] * len(places), *slopes)


def _spread_rule(g: Node, node: Node) -> Grads:
    given, places, weights = _split(node.src, node.attrs["params"][0])
    slopes = [met(given, g, place) for place in places]
    return (sampled(g, places, weights), *[None] * len(places), *slopes)


def _met_rule(g: Node, node: Node) -> Grads:
    given, table, place = node.src
    size = table.shape[2]
    return sampled(table, [place], [g]), spread(given, [place], [g], size), None


HOST_RULES["corners_sampled"] = _sampled_rule
HOST_RULES["corners_spread"] = _spread_rule
HOST_RULES["corners_met"] = _met_rule
