"""Programs with turns of a loop: written from a few of them, whatever their number.

A ``Stretch`` of commands comes ``count`` times, in the turns ``first``, ``first + 1`` ... In turn k
offsets are those of the commands and k times their distance from the commands ``back`` before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rushlight.base.record import Record
from rushlight.runtime.executor_ir import COMMAND_WORDS, HEADER_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Words of a header and of a command, see executor.py.
_TABLE, _SHARED = 1, 4
_GRAIN, _ARGUMENTS, _POINTERS, _PAIRS = 2, 3, 4, 5


class Stretch(Record):
    """Commands ``start .. stop``, and how they come again."""

    start: int
    stop: int
    back: int = 0
    first: int = 0
    count: int = 1


def unrolled(program: NDArray[np.int64], stretches: Sequence[Stretch]) -> NDArray[np.int64]:
    """The words of a program of ``stretches`` of the commands that ``program`` holds."""
    given = int(program[0])
    table = HEADER_WORDS + COMMAND_WORDS * given
    rows = program[HEADER_WORDS:table].reshape(given, COMMAND_WORDS)
    # A command's part of the body: its arguments, then two words (slot, offset) a pointer.
    starts = (rows[:, _ARGUMENTS] - program.ctypes.data) // 8
    pairs = (rows[:, _PAIRS] - program.ctypes.data) // 8
    places = [*starts.tolist(), len(program)]
    is_offset = np.zeros(len(program), np.int64)
    for begin, count in zip(pairs.tolist(), rows[:, _POINTERS].tolist(), strict=True):
        is_offset[begin + 1 : begin + 2 * count : 2] = 1
    total = sum((each.stop - each.start) * each.count for each in stretches)
    words = sum((places[each.stop] - places[each.start]) * each.count for each in stretches)
    body = HEADER_WORDS + COMMAND_WORDS * total
    made = np.zeros(body + words, np.int64)
    address, row, word = made.ctypes.data, HEADER_WORDS, body
    for each in stretches:
        begin, end = places[each.start], places[each.stop]
        shape = (each.count, end - begin)
        here = program[begin:end]
        earlier = places[each.start - each.back]
        step = (here - program[earlier : earlier + end - begin]) * is_offset[begin:end]
        turns = np.arange(each.first, each.first + each.count)[:, None]
        made[word : word + each.count * shape[1]].reshape(shape)[...] = here + turns * step
        again = made[row : row + each.count * (each.stop - each.start) * COMMAND_WORDS]
        again = again.reshape(each.count, each.stop - each.start, COMMAND_WORDS)
        again[...] = rows[each.start : each.stop]
        moved = address - program.ctypes.data + 8 * (word - begin)
        moved = moved + 8 * shape[1] * np.arange(each.count)[:, None]
        again[:, :, _ARGUMENTS] += moved
        again[:, :, _PAIRS] += moved
        row += again.size
        word += each.count * shape[1]
    made[0] = total
    made[_TABLE] = address + 8 * HEADER_WORDS
    made[_SHARED] = int(made[HEADER_WORDS + _GRAIN : body : COMMAND_WORDS].any())
    return made
