"""Sizes that stand for many: arithmetic is replayed, decisions are kept."""

from __future__ import annotations

import math

import pytest

from rushlight.base.record import Record
from rushlight.ir.size import Size, Tape, decision, plain, quantities, quantity


def test_arithmetic_is_replayed_for_other_numbers() -> None:
    tape = Tape([6, 4])
    n, m = tape.inputs
    made = [
        n * m + 1,
        (n - m) // 2,
        -(-n // m),
        n % m,
        100 // n,
        divmod(n, m)[1],
        math.prod((n, 3)),
    ]
    made += [abs(m - n), n / m, round(n / m, 1), n.bit_length()]
    places = [tape.place(each) for each in made]
    tape.close()
    n, m = 17, 5
    want = [n * m + 1, (n - m) // 2, -(-n // m), n % m, 100 // n, n % m, n * 3]
    want += [abs(m - n), n / m, round(n / m, 1), n.bit_length()]
    values = tape.replay([17, 5])
    assert values is not None
    assert [values[place] for place in places] == want


@pytest.mark.parametrize(
    ("decide", "same", "other"),
    [
        (lambda n: n > 3, 9, 2),
        (lambda n: n == 5, 5, 6),
        (lambda n: n != 4, 6, 4),
        (lambda n: bool(n - 2), 3, 2),
        (lambda n: list(range(n)), 5, 6),  # a plain int was asked for
        (lambda n: f"{n} elements", 5, 6),  # a piece of text
        (lambda n: float(n), 5, 6),
        (lambda n: max(n, 3), 7, 2),
        (lambda n: (n,) == (5,), 5, 6),
        (lambda n: {5: "known"}.get(n), 5, 6),
        (lambda n: 60 // (n - 4), 6, 4),  # nothing to divide by
    ],
)
def test_what_was_decided_must_come_out_the_same(decide, same, other) -> None:
    tape = Tape([5])
    made = decide(tape.inputs[0])
    if isinstance(made, Size):
        tape.place(made)
    tape.close()
    assert tape.replay([5]) is not None
    assert tape.replay([same]) is not None
    assert tape.replay([other]) is None


def test_a_closed_tape_decides_nothing_more() -> None:
    tape = Tape([5])
    n = tape.inputs[0]
    tape.close()
    assert n + 1 == 6 and n > 2 and n == 5
    assert type(n + 1) is int
    assert tape.replay([1]) is not None
    # Left over in a cache, it meets a size of another tape: that one is what decides.
    other = Tape([5])
    assert n == other.inputs[0]
    assert other.replay([6]) is None


def test_decisions_and_quantities_are_one_step() -> None:
    @decision
    def wide(n: int) -> str:
        return "wide" if n > 10 and n % 2 in (0, 1) else "narrow"

    @quantity
    def clipped(n: int) -> int:
        return min(n, 10) if n > 2 else 0

    tape = Tape([20])
    n = tape.inputs[0]
    assert wide(n) == "wide"
    place = tape.place(clipped(n))
    tape.close()
    values = tape.replay([11])
    assert values is not None and values[place] == 10
    assert tape.replay([9]) is None
    assert (wide(3), clipped(3)) == ("narrow", 3)
    alone = Tape([20])
    place = alone.place(clipped(alone.inputs[0]))
    values = alone.replay([1])
    assert values is not None and values[place] == 0


class Cut(Record):
    rows: int
    parts: int
    name: str


@quantities
def cut(many: Cut, limit: int) -> tuple[Cut, int]:
    rows = min(many.rows, limit)
    return Cut(rows, -(-many.rows // rows), "long" if many.rows > 100 else "short"), rows * 2


def test_quantities_of_records() -> None:
    tape = Tape([50])
    made, twice = cut(Cut(tape.inputs[0], 0, "x"), 8)
    assert (plain(made.rows), plain(made.parts), made.name, plain(twice)) == (8, 7, "short", 16)
    places = [tape.place(each) for each in (made.rows, made.parts, twice)]
    tape.close()
    values = tape.replay([6])
    assert values is not None
    assert [values[place] for place in places] == [6, 1, 12]
    assert tape.replay([101]) is None  # another name
    assert cut(Cut(20, 0, "x"), 8) == (Cut(8, 3, "short"), 16)


def test_so_many_of_a_list_fix_a_size() -> None:
    tape = Tape([3])
    assert ["a"] * tape.inputs[0] == ["a", "a", "a"]
    tape.close()
    assert tape.replay([4]) is None
