"""Elements by rank as loops, a row at a time (``nth_place.py``, ``ranked.py``): rows that are not
long, of which NumPy needs several passes over everything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rushlight.ir.host import Array
from rushlight.ir.routine import Cut, Shape, routine

_LONGEST = 65536  # of a row whose ties are told apart
_PARTED = 1024  # NumPy parts longer rows by vectors
_STEP = 40  # what an element costs, as bytes that are copied

Params = tuple[Any, ...]


def _above(a: float, b: float) -> int:
    """Whether a comes after b: nan is above all."""
    return 1 if a > b or (a != a and b == b) else 0


def _exchange(keys: Array, places: Array, a: int, b: int) -> None:
    keys[a], keys[b] = keys[b], keys[a]
    places[a], places[b] = places[b], places[a]


def _select(count: int, nth: int, keys: Array, places: Array) -> None:
    """Bring the ``nth`` smallest where it belongs, as ``tied_order.kth`` does."""
    left, right = 0, count - 1
    while right > left + 1:
        _exchange(keys, places, left + (right - left) // 2, left + 1)
        if _above(keys[left + 1], keys[right]):
            _exchange(keys, places, left + 1, right)
        if _above(keys[left], keys[right]):
            _exchange(keys, places, left, right)
        if _above(keys[left + 1], keys[left]):
            _exchange(keys, places, left + 1, left)
        pivot, low, high = keys[left], left + 1, right
        while True:
            low += 1
            while _above(pivot, keys[low]):
                low += 1
            high -= 1
            while _above(keys[high], pivot):
                high -= 1
            if high < low:
                break
            _exchange(keys, places, low, high)
        _exchange(keys, places, left, high)
        if high <= nth:
            left = low
        if high >= nth:
            right = high - 1
    if right == left + 1 and _above(keys[left], keys[right]):
        _exchange(keys, places, left, right)


def _rows(shape: Shape, axis: int, longest: int) -> tuple[int, int, int] | None:
    """(how many rows, their size, the distance of neighbours in one)."""
    size = shape[axis]
    if size > longest:
        return None
    inner = math.prod(shape[axis + 1 :])
    return math.prod(shape[:axis]) * inner, size, inner


def _kth_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    rows = _rows(shapes[0], params[0], _LONGEST)
    if rows is None:
        return None
    count, size, inner = rows
    return Cut(count, (size, inner, params[1]), size * _STEP, (size, size), like=1)


@routine("kth_places", _kth_cut)
def kth(
    n: int, size: int, inner: int, nth: int, x: Array, out: Array, keys: Array, places: Array
) -> None:
    """The place of rank ``nth``, of equal ones the one that PyTorch names."""
    base = n // inner * size * inner + n % inner
    for k in range(size):
        keys[k] = x[base + k * inner]
        places[k] = k
    _select(size, nth, keys, places)
    out[n] = int(places[nth])


def _median_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    rows = _rows(shapes[0], params[0], _PARTED)
    if rows is None:
        return None
    count, size, inner = rows
    return Cut(count, (size, inner, int(params[1])), size * _STEP, (size, size), like=1)


@routine("median_places", _median_cut)
def median(
    n: int, size: int, inner: int, skip: int, x: Array, out: Array, keys: Array, places: Array
) -> None:
    """The place of the lower median, equal ones in the order of their places; or of the first nan
    where one counts."""
    base = n // inner * size * inner + n % inner
    missing, first = 0, 0
    for k in range(size):
        each = x[base + k * inner]
        keys[k] = each
        places[k] = k
        if each != each:
            first = k if missing == 0 else first
            missing += 1
    if missing > 0 and (not skip or missing == size):
        out[n] = first
        return
    nth = (size - missing - 1) // 2
    _select(size, nth, keys, places)
    value = keys[nth]
    before = 0
    for k in range(size):
        if x[base + k * inner] < value:
            before += 1
    for k in range(size):
        if x[base + k * inner] == value:
            if before == nth:
                out[n] = k
                return
            before += 1


def _mode_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    rows = _rows(shapes[0], params[0], _LONGEST)
    if rows is None:
        return None
    count, size, inner = rows
    return Cut(count, (size, inner), size * _STEP // 4)


@routine("mode_places", _mode_cut)
def mode(n: int, size: int, inner: int, x: Array, order: Array, out: Array) -> None:
    """The last place of the first of the longest runs of equal elements."""
    base = n // inner * size * inner + n % inner
    place = order[base]
    length, longest = 1, 1
    for k in range(1, size):
        here, before = order[base + k * inner], order[base + (k - 1) * inner]
        length = length + 1 if x[base + here * inner] == x[base + before * inner] else 1
        if length > longest:
            longest, place = length, here
    out[n] = place
