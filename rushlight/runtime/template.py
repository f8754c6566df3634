"""Templates: programs that differ in some of their words, written by copying one of them.

    template = Template(commands)
    words, chunks = template.filled(places, numbers)      # places: some of places_of(commands)
    program = Program.of(words, flags)

Of the thousands of words of a program a size changes some hundred. What else there is to do for a
new one is to move the addresses in it, which are distances here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, final

import numpy as np

from rushlight.runtime import executor
from rushlight.runtime.executor import Command
from rushlight.runtime.executor_ir import COMMAND_WORDS, HEADER_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Words of a header and of a command, see executor.py.
_TABLE, _SHARED = 1, 4
_CHUNKS, _GRAIN, _ARGUMENTS, _PAIRS = 1, 2, 3, 5


def places_of(commands: Sequence[Command]) -> Iterator[int]:
    """Of each command where its number of chunks is, then its offsets, then its words."""
    place = HEADER_WORDS + COMMAND_WORDS * len(commands)
    for number, command in enumerate(commands):
        words = place + len(command.pointers)
        pairs = words + len(command.words)
        place = pairs + 2 * len(command.pointers)
        yield HEADER_WORDS + COMMAND_WORDS * number + _CHUNKS
        yield from range(pairs + 1, place, 2)
        yield from range(words, pairs)


@final
class Template:
    """The words of a program, with distances in the place of addresses."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self._words = executor.encoded(commands)
        table = HEADER_WORDS + COMMAND_WORDS * len(commands)
        rows = np.arange(HEADER_WORDS, table, COMMAND_WORDS)
        self._addresses = np.concatenate([[_TABLE], rows + _ARGUMENTS, rows + _PAIRS])
        self._words[self._addresses] -= self._words.ctypes.data
        self._of_commands = {
            word: slice(HEADER_WORDS + word, table, COMMAND_WORDS) for word in (_CHUNKS, _GRAIN)
        }

    def filled(
        self, places: NDArray[np.int64], numbers: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The words of another program, which has these ``numbers`` at these ``places``, and the
        chunks of its commands. None is handed out yet."""
        words = self._words.copy()
        words[places] = numbers
        words[self._addresses] += words.ctypes.data
        chunks = words[self._of_commands[_CHUNKS]]
        executor.require_chunks(chunks)
        return words, chunks

    def hand_out(self, words: NDArray[np.int64], handed_out: NDArray[np.bool_]) -> None:
        """Let all threads take part in these commands of a program that was ``filled``."""
        chunks = words[self._of_commands[_CHUNKS]]
        grains = np.where(handed_out & (chunks > 1), executor.grains(chunks), 0)
        words[self._of_commands[_GRAIN]] = grains
        words[_SHARED] = int(grains.any())


__all__ = ["Template", "places_of"]
