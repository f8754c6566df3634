"""Programs written by copying another: as if they had been encoded from commands."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.runtime.executor import Command, Program
from rushlight.runtime.template import Template, places_of

COMMANDS = (
    Command(8, 3, ((0, 0), (1, 16)), (5,)),
    Command(16, 1, ((1, 100),), (), True),
    Command(24, 2, ((2, 7), (3, 200)), (1, 2, 3), True, True),
    Command(32, 9, (), (-1,)),
)
# The first one's chunks and word, the second's offset, the third's chunks, the last one's word.
OTHERS = (
    Command(8, 1 << 20, ((0, 0), (1, 16)), (-6,)),
    Command(16, 1, ((1, 64),), (), True),
    Command(24, 0, ((2, 7), (3, 200)), (1, 2, 3), True, True),
    Command(32, 9, (), (2**40,)),
)
NUMBERS = (1 << 20, -6, 64, 0, 2**40)


# Of the first command four numbers, of the others two, six and two.
PLACES = np.array([*places_of(COMMANDS)])[[0, 3, 5, 6, 13]]


def test_as_if_encoded() -> None:
    template = Template(COMMANDS)
    flags = [(command.serial, command.sure) for command in OTHERS]
    for commands, numbers in ((OTHERS, NUMBERS), (COMMANDS, (3, 5, 100, 2, -1))):
        words, chunks = template.filled(PLACES, numbers)
        assert chunks.tolist() == [command.chunks for command in commands]
        template.hand_out(words, np.array([not serial for serial, _ in flags]))
        made, expected = Program.of(words, flags, None), Program(commands)
        assert made.commands == commands
        assert made.shared() == expected.shared() == [True, False, False, True]
        ours, theirs = (each._header - 0 for each in (made, expected))
        for header, program in ((ours, made), (theirs, expected)):
            start = program._header.ctypes.data
            inside = (header >= start) & (header <= start + program.nbytes)
            assert inside.sum() == 1 + 2 * len(COMMANDS)
            header[inside] -= start
        assert ours.tolist() == theirs.tolist()


def test_as_many_chunks_as_can_be() -> None:
    template = Template(COMMANDS)
    with pytest.raises(RuntimeError, match="command 0 has -1 chunks"):
        template.filled(PLACES[:1], [-1])
    with pytest.raises(RuntimeError, match=f"command 2 has {2**31} chunks"):
        template.filled(PLACES[3:4], [2**31])
