"""Sampling of images of halves with PyTorch's roundings: each product and each sum, in its order.

A grid that is a few elements wide says with eight bits between which of them a place lies; which
way the slopes were rounded is seen in all of their digits. Wider numbers: ops/corners.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import like, minus, plus, times
from rushlight.ops.in_turn import added_in_turn
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Grads, composite

Sizes = tuple[int, ...]
Index = Callable[[list[Node], Sizes], Node]


@composite(torch=False, name="_half_read")
def half_read(flat: Node, place: Node) -> Node:
    """flat (N, C, S) at place (N, P): (N, C, P); 0 where a place is below 0."""
    shape = (*flat.shape[:2], place.shape[1])
    wide = build.expand(reshape(place, (place.shape[0], 1, place.shape[1])), shape)
    zero = const(0, shape, place.dtype)
    found = build.gather(flat, binary("maximum", wide, zero), 2)
    return build.where(binary("lt", wide, zero), const(0, shape, flat.dtype), found)


@half_read.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 6), rng.integers(-1, 6, (2, 9))), {}


@half_read.vjp
def _(g: Node, out: Node, flat: Node, place: Node) -> Grads:
    return _returned(g, reshape(place, (place.shape[0], 1, place.shape[1])), flat), None


def _returned(terms: Node, places: Node, flat: Node) -> Node:
    """Zeros like flat (N, C, S) with terms (N, C, *) added at places (N, 1, *), one by one."""
    n, channels, size = flat.shape
    rows = plus(
        times(build.iota(terms.shape, 0), _whole(terms, channels)), build.iota(terms.shape, 1)
    )
    wide = build.cast(build.expand(places, terms.shape), int64)
    inside = plus(times(rows, _whole(terms, size)), wide)
    lost = _whole(terms, n * channels * size)
    where = build.where(binary("lt", wide, _whole(terms, 0)), lost, inside)
    return reshape(added_in_turn(n * channels * size, where, terms), flat.shape)


def _whole(x: Node, value: int) -> Node:
    return const(value, x.shape, int64)


def _over_channels(terms: Node) -> Node:
    """(N, C, *, P): for each sample and place the sum of all between, one by one: (N, P)."""
    n, points = terms.shape[0], terms.shape[-1]
    rows = times(build.iota(terms.shape, 0), _whole(terms, points))
    where = plus(rows, build.iota(terms.shape, terms.ndim - 1))
    return reshape(added_in_turn(n * points, where, terms), (n, points))


def weight_of(corner: Sizes, shares: list[tuple[Node, Node]]) -> Node:
    """The product of one share per axis, the last axis first, as PyTorch has it."""
    weight: Node | None = None
    for side, pair in reversed([*zip(corner, shares, strict=True)]):
        weight = pair[side] if weight is None else times(weight, pair[side])
    assert weight is not None
    return weight


def half_linear(flat: Node, places: list[Node], sizes: Sizes, index_of: Index) -> Node:
    """flat (N, C, S) between the elements around ``places`` (N, P), one for each axis."""
    below = [unary("floor", place) for place in places]
    corners = [
        index_of(
            [plus(low, like(low, side)) for low, side in zip(below, corner, strict=True)], sizes
        )
        for corner in itertools.product((0, 1), repeat=len(sizes))
    ]
    above = [minus(place, low) for place, low in zip(places, below, strict=True)]
    stacked = (reshape(x, (x.shape[0], 1, x.shape[1])) for x in above)
    rows = (reshape(x, (x.shape[0], 1, x.shape[1])) for x in corners)
    made: Node = _between(flat, build.cat([*rows], 1), build.cat([*stacked], 1))
    return made


def _row(x: Node, k: int) -> Node:
    """(N, K, P) -> (N, P)."""
    n, _, points = x.shape
    return reshape(build.slice(x, (0, k, 0), (n, 1, points), (1, 1, 1)), (n, points))


def _spread(x: Node, channels: int) -> Node:
    """(N, P) -> (N, C, P)."""
    n, points = x.shape
    return build.expand(reshape(x, (n, 1, points)), (n, channels, points))


@composite(torch=False, name="_half_between")
def _between(flat: Node, corners: Node, share: Node) -> Node:
    """flat (N, C, S), corners (N, 2**rank, P), share (N, rank, P) of the upper one: (N, C, P)."""
    shares = _shares(share)
    total: Node | None = None
    for k, corner in enumerate(itertools.product((0, 1), repeat=len(shares))):
        value = half_read(flat, _row(corners, k))
        term = times(value, _spread(weight_of(corner, shares), flat.shape[1]))
        total = term if total is None else plus(total, term)
    assert total is not None
    return total


@_between.samples
def _(rng: Rng) -> Samples:
    for rank in (2, 3):
        corners = rng.integers(-1, 6, (2, 2**rank, 4))
        yield (floats(rng, 2, 3, 6), corners, floats(rng, 2, rank, 4, low=0.1, high=0.9)), {}


def _shares(share: Node) -> list[tuple[Node, Node]]:
    """Of each axis those of the lower and of the upper element."""
    upper = [_row(share, axis) for axis in range(share.shape[1])]
    return [(minus(like(each, 1), each), each) for each in upper]


@_between.vjp
def _(g: Node, out: Node, flat: Node, corners: Node, share: Node) -> Grads:
    shares, channels = _shares(share), flat.shape[1]
    rank = len(shares)
    sides = [*itertools.product((0, 1), repeat=rank)]
    values = [half_read(flat, _row(corners, k)) for k in range(len(sides))]
    pushed = [times(_spread(weight_of(side, shares), channels), g) for side in sides]
    n, _, points = g.shape
    # Volumes go from place to place, images from corner to corner.
    last = 3 if rank == 3 else 2
    shape = (n, channels, points, 1) if rank == 3 else (n, channels, 1, points)
    terms = build.cat([reshape(each, shape) for each in pushed], last)
    each = (n, 1, points, 1) if rank == 3 else (n, 1, 1, points)
    places = build.cat([reshape(_row(corners, k), each) for k in range(len(sides))], last)
    slopes = _slopes_of_volume if rank == 3 else _slopes_of_image
    rows = [reshape(row, (n, 1, points)) for row in slopes(g, values, shares)]
    return _returned(terms, places, flat), None, build.cat(rows, 1)


def _slopes_of_image(g: Node, values: list[Node], shares: list[tuple[Node, Node]]) -> list[Node]:
    """Along both axes: the differences across, weighted along the other, times g."""
    nw, ne, sw, se = values
    (top, bottom), (left, right) = [
        [_spread(x, g.shape[1]) for x in pair] for pair in shares
    ]  # fmt: skip

    def along(a: Node, b: Node, near: Node, c: Node, d: Node, far: Node) -> Node:
        both = plus(times(minus(b, a), near), times(minus(d, c), far))
        return _over_channels(times(both, g))

    return [along(nw, sw, left, ne, se, right), along(nw, ne, top, sw, se, bottom)]


def _slopes_of_volume(g: Node, values: list[Node], shares: list[tuple[Node, Node]]) -> list[Node]:
    """Along each axis: every corner times its shares along the others, times g."""
    n, channels, points = g.shape
    found = []
    for axis in range(3):
        terms = []
        for side, value in zip(itertools.product((0, 1), repeat=3), values, strict=True):
            term = value
            for other in (2, 1, 0):
                if other != axis:
                    term = times(term, _spread(shares[other][side[other]], channels))
            term = times(term, g)
            term = term if side[axis] else unary("neg", term)
            terms.append(reshape(term, (n, channels, 1, points)))
        found.append(_over_channels(build.cat(terms, 2)))
    return found
