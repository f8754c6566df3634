"""Replays keep what follows from one number; what they say is what the steps themselves say."""

from __future__ import annotations

from typing import Any

import pytest

from rushlight.ir import replay
from rushlight.ir.size import Tape


def program(a: Any, b: Any, c: Any) -> tuple[Any, ...]:
    """Of one number, of two, of all; comparisons of one and of two."""
    blocks = -(-a // 4)
    assert (a > 3) in (True, False)
    assert (b * 2 < 60) in (True, False)
    assert (a + b > c) in (True, False)
    return blocks, b * 3 + 1, blocks * b, a + b + c, 120 // (c - 9), blocks


def decisions(a: int, b: int, c: int) -> tuple[bool, ...]:
    return a > 3, b * 2 < 60, a + b > c


@pytest.mark.parametrize("limit", [0, 40, replay.KEPT_LIMIT])
def test_a_replay_says_what_the_program_says(limit: int) -> None:
    first = (6, 7, 5)
    tape = Tape(first)
    wanted = [tape.place(each) for each in program(*tape.inputs)]
    again = tape.replayed(wanted, limit)
    tape.close()
    found = 0
    for _ in range(2):
        for a in range(1, 9):
            for b in (1, 7, 29, 30, 31):
                for c in (4, 9, 12, 20):
                    same = decisions(a, b, c) == decisions(*first) and c != 9
                    assert again.run((a, b, c)) == (program(a, b, c) if same else None)
                    found += same
    assert found


def test_a_fixed_number_and_one_of_another_type() -> None:
    tape = Tape((4, 2))
    a, b = tape.inputs
    assert range(5)[a] == 4
    again = tape.replayed([tape.place(b / 2)])
    tape.close()
    for _ in range(2):
        assert again.run((4, 6)) == (3.0,)
        assert again.run((5, 6)) is None
    halves = Tape((4, 2.0))
    n = halves.inputs[1]
    again = halves.replayed([halves.place(n * 3)])
    halves.close()
    assert [repr(again.run((1, each))) for each in (2.0, 2, 2.0)] == ["(6.0,)", "(6,)", "(6.0,)"]


def test_what_is_decided_is_constant_for_who_reads_it() -> None:
    tape = Tape((6, 7))
    a, b = tape.inputs
    rest = a % 4
    assert range(9)[rest] == 2  # text of a kernel, an index: from here on it is 2
    wanted = [tape.place(each) for each in (rest * 10 + 1, rest + b, a + rest)]
    assert tape.varies(wanted) == [False, True, True]
    again = tape.replayed(wanted)
    tape.close()
    assert again.run((10, 9)) == (21, 11, 12)
    assert again.run((7, 9)) is None


def test_what_decided_otherwise_before_is_asked_first() -> None:
    tape = Tape((6, 1))
    a, b = tape.inputs
    asked: list[int] = []

    def known(size: int) -> int:
        asked.append(size)
        return {2: 5, 3: 5, 4: 6, 9: 6}[size]  # of others there is none: KeyError

    assert a > 3
    tape.decide(known, a // 2)
    wanted = [tape.place(each) for each in (a * 10, a + b)]
    again = tape.replayed(wanted)
    tape.close()
    del asked[:]
    assert again.run((8, 1)) is None and asked == [4]
    assert again.run((9, 1)) is None and asked == [4, 4]
    assert again.run((7, 1)) == (70, 8)  # asked for itself, then with all others
    assert again.run((2, 1)) is None  # not KeyError: that it is no more than 3 comes first
    assert again.run((18, 1)) is None
    assert again.run((5, 1)) == (50, 6)
