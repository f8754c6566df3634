"""Where the element of a certain rank is, found by parting and not by sorting.

Of equal elements the first has the lowest rank; nan is above all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import tied_order
from rushlight.ir.host import Array, host
from rushlight.ops import nth_loops as _loops  # noqa: F401

# Walking through equal elements one by one takes a second of a million of them.
LONGEST = 65536


def with_last(array: Array, axis: int) -> Array:
    """The array with ``axis`` as its last (``np.moveaxis`` takes 4 us to find that it is)."""
    return array if axis == array.ndim - 1 else np.moveaxis(array, axis, -1)


def by_rows(arrays: tuple[Array, ...], axis: int) -> list[Array]:
    """Each array as rows along ``axis``; what NumPy cannot order (bfloat16) as float32."""
    rows = [with_last(each, axis) for each in arrays]
    elements = rows[0].astype(np.float32) if rows[0].dtype.kind == "V" else rows[0]
    return [each.reshape(-1, each.shape[-1]) for each in (elements, *rows[1:])]


def _along(places: Array, like: Array, axis: int) -> Array:
    """One place for each row, as an array like ``like`` with one element along ``axis``."""
    return np.expand_dims(places.reshape(with_last(like, axis).shape[:-1]), axis)


def _find(rows: Array, nth: int) -> tuple[Array, Array]:
    """(the place of rank ``nth`` in each row, whether others are equal to what is there)."""
    value = np.partition(rows, nth, -1)[:, nth : nth + 1]
    below, equal = rows < value, rows == value
    lost = value[:, 0] != value[:, 0]
    if lost.any():
        nan = np.isnan(rows[lost])
        below[lost], equal[lost] = ~nan, nan
    places = np.argmax(equal, -1)
    later = nth - np.count_nonzero(below, -1)  # how many equal ones come before
    for row in np.flatnonzero(later):
        places[row] = np.flatnonzero(equal[row])[later[row]]
    return places, np.count_nonzero(equal, -1) > 1


@host("kth_places")
def _host_kth_places(arrays: tuple[Array, ...], params: tuple[int, ...]) -> Array:
    """``params``: the axis, k - 1. In rows that are not too long, the one of equal elements that
    PyTorch names."""
    axis, nth = params
    (rows,) = by_rows(arrays, axis)
    places, tied = _find(rows, nth)
    if rows.shape[-1] <= LONGEST:
        keys = tied_order.ranks(rows[tied], largest=False)
        for row, each in zip(np.flatnonzero(tied), keys, strict=True):
            places[row] = tied_order.kth(each, nth)
    return _along(places, arrays[0], axis)


@host("median_places")
def _host_median_places(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    """``params``: the axis, whether nan are skipped. The lower median of each row, or the first
    nan of a row in which one counts."""
    axis, skip_nan = params
    (rows,) = by_rows(arrays, axis)
    size = rows.shape[-1]
    places, _ = _find(rows, (size - 1) // 2)
    nan = rows != rows
    some = np.flatnonzero(nan.any(-1))
    if not skip_nan:
        places[some] = np.argmax(nan[some], -1)
        return _along(places, arrays[0], axis)
    middles = np.maximum(size - np.count_nonzero(nan[some], -1) - 1, 0) // 2
    for middle in np.unique(middles):
        of_it = some[middles == middle]
        places[of_it] = _find(rows[of_it], int(middle))[0]
    return _along(places, arrays[0], axis)
