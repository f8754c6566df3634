"""The fastest of several ways to share a program's commands is found by running it."""

from __future__ import annotations

from typing import Any

import pytest

from rushlight.runtime import tryout
from rushlight.runtime.executor import Failure
from rushlight.runtime.tryout import Tryout

PLANNED, ALL, NONE = (False, True), (True, True), (False, False)


class Clocked:
    """A program that takes as long as its way of sharing says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: dict[Any, int]) -> None:
        self.times, self.way, self.now = times, PLANNED, 0
        self.log: list[Any] = []
        monkeypatch.setattr(tryout, "perf_counter_ns", lambda: self.now)

    def share(self, way: Any) -> None:
        self.way = way

    def run(self, slots: int) -> Failure | None:
        self.log.append(self.way)
        self.now += self.times[self.way]
        return Failure(1, slots) if slots else None


def finish(program: Any, ways: Any) -> Tryout:
    made = Tryout(program, ways)
    for _ in range(1000):
        if made.over:
            break
        assert made.run(0) is None
    return made


@pytest.mark.parametrize(
    ("times", "fastest", "turns"),
    [
        ({PLANNED: 300, ALL: 200, NONE: 240}, ALL, [8, 24, 24]),
        ({PLANNED: 300, ALL: 100, NONE: 250}, ALL, [8, 24, 8]),
        ({PLANNED: 300, ALL: 400, NONE: 250}, NONE, [24, 8, 24]),
        ({PLANNED: 300, ALL: 400, NONE: 350}, PLANNED, [24, 8, 24]),
        ({PLANNED: 300, ALL: 299, NONE: 298}, PLANNED, [24, 24, 24]),  # by too little
    ],
)
def test_the_fastest_is_kept(
    monkeypatch: pytest.MonkeyPatch, times: dict[Any, int], fastest: Any, turns: list[int]
) -> None:
    program = Clocked(monkeypatch, times)
    made = finish(program, [PLANNED, ALL, NONE])
    assert made.over
    assert tuple(made.ways) == (fastest,)
    assert program.way == fastest
    assert [program.log.count(way) for way in (PLANNED, ALL, NONE)] == turns


def test_what_others_do_meanwhile_does_not_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    program: Any = Clocked(monkeypatch, {PLANNED: 300, ALL: 270})
    made = Tryout(program, [PLANNED, ALL])
    for number in range(48):
        # Blocks of eight: two of the three of the faster way, and one run of the other.
        slower = 1000 if number // 8 in (3, 5) or number == 5 else 1
        program.times = {PLANNED: 300 * slower, ALL: 270 * slower}
        made.run(0)
    assert made.over
    assert tuple(made.ways) == (ALL,)


def test_long_programs_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Clocked(monkeypatch, {PLANNED: 10**8, ALL: 1})
    made = finish(program, [PLANNED, ALL])
    assert made.over
    assert program.way == PLANNED
    assert len(program.log) == 8


def test_failures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    program: Any = Clocked(monkeypatch, {PLANNED: 3, ALL: 2})
    assert Tryout(program, [PLANNED, ALL]).run(7) == Failure(1, 7)
