"""Programs of loops: as if each turn had been written by itself."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.runtime.executor import Command, Program
from rushlight.runtime.unroll import Stretch

COMMANDS = (
    Command(8, 3, ((0, 0), (1, 16)), (5,)),
    Command(16, 1, ((1, 100),), (), True),
    Command(24, 2, ((2, 7), (3, 200)), (1, 2, 3)),
    Command(16, 1, ((1, 104),), (), True),
    Command(24, 2, ((2, 7), (3, 190)), (4, 5, 6)),
    Command(32, 9, (), (-1,)),
)


def one_by_one(stretches: list[Stretch]) -> list[Command]:
    made = []
    for each in stretches:
        for turn in range(each.first, each.first + each.count):
            for number in range(each.start, each.stop):
                command, before = COMMANDS[number], COMMANDS[number - each.back]
                pointers = [
                    (slot, offset + turn * (offset - earlier))
                    for (slot, offset), (_, earlier) in zip(
                        command.pointers, before.pointers, strict=True
                    )
                ]
                made.append(command.replace(pointers=tuple(pointers)))
    return made


@pytest.mark.parametrize(
    "stretches",
    [
        [Stretch(0, 6)],
        [Stretch(0, 3), Stretch(3, 5, 2, 0, 4), Stretch(5, 6)],
        [Stretch(0, 3), Stretch(3, 5, 2, 0, 2), Stretch(3, 4, 2, 2, 1), Stretch(5, 6)],
        [Stretch(0, 3), Stretch(3, 5, 2, 0, 0), Stretch(5, 5), Stretch(5, 6, 0, 0, 3)],
        [],
    ],
)
def test_as_if_written_one_by_one(stretches: list[Stretch]) -> None:
    expected = one_by_one(stretches)
    program, plain = Program(COMMANDS, stretches), Program(expected)
    assert program.commands == tuple(expected)
    assert program.nbytes == plain.nbytes
    words, others = (_without_addresses(each) for each in (program, plain))
    assert (words == others).all()


def _without_addresses(program: Program) -> np.ndarray:
    """Its words, with addresses inside it as distances."""
    words = program._header.copy()
    start, end = program._header.ctypes.data, program._header.ctypes.data + program.nbytes
    inside = (words >= start) & (words <= end)
    words[inside] -= start
    return words
