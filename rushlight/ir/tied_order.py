"""Which of several equal elements a selection names: the order in which PyTorch comes by them.

PyTorch selects with the algorithms of C++'s standard library, which leave open where equal
elements go; the library it is built with (GNU's) is one certain order, and this is that order:
introselect, introsort and a heap, as published by Musser (Introspective sorting and selection
algorithms, 1997) with the constants of GNU's library. Rows without equal elements need none of it.

A row is two lists: ``keys``, integers that are the smaller the earlier an element comes, and
``places``, moved along with them.
"""

from __future__ import annotations

import numpy as np

from rushlight.ir.host import Array

SHORT = 16  # what introsort leaves to insertion
_FEW = 3  # what introselect does
_BLOCK = 512  # elements looked through at once for one that belongs into the heap

Keys = list[int]


def ranks(rows: Array, largest: bool) -> Array:
    """Integers in the order of the elements of each row; nan is above all, -0 equals 0."""
    _, made = np.unique(rows, return_inverse=True, equal_nan=True)
    found = made.reshape(rows.shape)
    return -found if largest else found


def by_heap(count: int, size: int) -> bool:
    """Whether topk collects so few of a row in a heap; they are in order then."""
    return count * 64 <= size


def top(keys: Array, count: int, ordered: bool) -> list[int]:
    """The places of the ``count`` smallest, as topk names them."""
    places = list(range(len(keys)))
    if count == 0:
        return []
    if by_heap(count, len(keys)):
        return _smallest_by_heap(keys, count)
    held: Keys = keys.tolist()
    select(held, places, count - 1)
    if ordered:  # the last is where it belongs
        _sort(held, places, count - 1)
    return places[:count]


def sorted_places(keys: Array) -> list[int]:
    """The places of all, in order."""
    held, places = keys.tolist(), list(range(len(keys)))
    _sort(held, places, len(held))
    return places


# One array: swaps, the median of three, parting


def _swap(keys: Keys, places: list[int], a: int, b: int) -> None:
    keys[a], keys[b] = keys[b], keys[a]
    places[a], places[b] = places[b], places[a]


def _part(keys: Keys, places: list[int], first: int, last: int) -> int:
    """Part around the median of the second, the middle and the last: where the halves meet."""
    low, middle, high = keys[first + 1], keys[first + (last - first) // 2], keys[last - 1]
    at = (first + 1, first + (last - first) // 2, last - 1)
    if low < middle:
        chosen = at[1] if middle < high else at[2] if low < high else at[0]
    else:
        chosen = at[0] if low < high else at[2] if middle < high else at[1]
    _swap(keys, places, first, chosen)
    pivot, left, right = keys[first], first + 1, last
    while True:
        while keys[left] < pivot:
            left += 1
        right -= 1
        while pivot < keys[right]:
            right -= 1
        if left >= right:
            return left
        _swap(keys, places, left, right)
        left += 1


def _insert(keys: Keys, places: list[int], first: int, last: int) -> None:
    for index in range(first + 1, last):
        key, place = keys[index], places[index]
        hole = first if key < keys[first] else index
        if hole == index:
            while key < keys[hole - 1]:
                hole -= 1
        keys[hole + 1 : index + 1] = keys[hole:index]
        places[hole + 1 : index + 1] = places[hole:index]
        keys[hole], places[hole] = key, place


def _depth(count: int) -> int:
    return 2 * (count.bit_length() - 1)


def select(keys: Keys, places: list[int], nth: int) -> None:
    """Move what belongs at ``nth`` there, smaller ones before it."""
    first, last, depth = 0, len(keys), _depth(len(keys))
    while last - first > _FEW:
        if depth == 0:
            _heap_select(keys, places, first, nth + 1, last)
            _swap(keys, places, first, nth)
            return
        depth -= 1
        cut = _part(keys, places, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insert(keys, places, first, last)


def _sort(keys: Keys, places: list[int], count: int) -> None:
    """Put the first ``count`` in order."""
    _sort_to_runs(keys, places, 0, count, _depth(count) if count else 0)
    _insert(keys, places, 0, count)


def _sort_to_runs(keys: Keys, places: list[int], first: int, last: int, depth: int) -> None:
    while last - first > SHORT:
        if depth == 0:
            _heap_select(keys, places, first, last, last)
            _unheap(keys, places, first, last)
            return
        depth -= 1
        cut = _part(keys, places, first, last)
        _sort_to_runs(keys, places, cut, last, depth)
        last = cut


# Heaps: the largest key first


def _sink(
    keys: Keys, places: list[int], first: int, hole: int, count: int, key: int, place: int
) -> None:
    """Let the hole sink to a leaf along the larger children, then ``key`` rise from there."""
    top_hole, child = hole, hole
    while child < (count - 1) // 2:
        child = 2 * (child + 1)
        if keys[first + child] < keys[first + child - 1]:
            child -= 1
        keys[first + hole], places[first + hole] = keys[first + child], places[first + child]
        hole = child
    if count % 2 == 0 and child == (count - 2) // 2:
        child = 2 * child + 1
        keys[first + hole], places[first + hole] = keys[first + child], places[first + child]
        hole = child
    while hole > top_hole and keys[first + (hole - 1) // 2] < key:
        parent = (hole - 1) // 2
        keys[first + hole], places[first + hole] = keys[first + parent], places[first + parent]
        hole = parent
    keys[first + hole], places[first + hole] = key, place


def _make_heap(keys: Keys, places: list[int], first: int, last: int) -> None:
    count = last - first
    for parent in range((count - 2) // 2, -1, -1):
        _sink(keys, places, first, parent, count, keys[first + parent], places[first + parent])


def _heap_select(keys: Keys, places: list[int], first: int, middle: int, last: int) -> None:
    _make_heap(keys, places, first, middle)
    for index in range(middle, last):
        key, place = keys[index], places[index]
        if key < keys[first]:
            keys[index], places[index] = keys[first], places[first]
            _sink(keys, places, first, 0, middle - first, key, place)


def _unheap(keys: Keys, places: list[int], first: int, last: int) -> None:
    for end in range(last - 1, first, -1):
        key, place = keys[end], places[end]
        keys[end], places[end] = keys[first], places[first]
        _sink(keys, places, first, 0, end - first, key, place)


def _smallest_by_heap(keys: Array, count: int) -> list[int]:
    """Places of the ``count`` smallest of many, in order."""
    held: Keys = keys[:count].tolist()
    places = list(range(count))
    _make_heap(held, places, 0, count)
    index = count
    while index < len(keys):
        found = np.flatnonzero(keys[index : index + _BLOCK] < held[0])
        if not len(found):
            index += _BLOCK
            continue
        index += int(found[0])
        _sink(held, places, 0, 0, count, int(keys[index]), index)
        index += 1
    _unheap(held, places, 0, count)
    return places


def kth(keys: Array, nth: int) -> int:
    """The place of the ``nth`` smallest (from 0), as kthvalue names it.

    Quickselect with the median of three moved to the front (Sedgewick, Implementing Quicksort
    programs, 1978).
    """
    held, places = keys.tolist(), list(range(len(keys)))
    left, right = 0, len(held) - 1
    while right > left + 1:
        _swap(held, places, left + (right - left) // 2, left + 1)
        for a, b in ((left + 1, right), (left, right), (left + 1, left)):
            if held[a] > held[b]:
                _swap(held, places, a, b)
        pivot, low, high = held[left], left + 1, right
        while True:
            low += 1
            while pivot > held[low]:
                low += 1
            high -= 1
            while held[high] > pivot:
                high -= 1
            if high < low:
                break
            _swap(held, places, low, high)
        _swap(held, places, left, high)
        if high <= nth:
            left = low
        if high >= nth:
            right = high - 1
    if right == left + 1 and held[left] > held[right]:
        _swap(held, places, left, right)
    return places[nth]
