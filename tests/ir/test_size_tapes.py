"""Tapes beside each other: sizes left over from one, sizes of another thread."""

from __future__ import annotations

import threading

import pytest

from rushlight.ir.size import Size, Tape, decision, is_about_sizes, quantity


def test_what_an_older_size_meets_is_recorded() -> None:
    old = Tape([3])
    kept = old.inputs[0] * 2
    old.close()
    tape = Tape([5])
    n = tape.inputs[0]
    for made, wanted in ((kept + n, 13), (n + kept, 13), (kept * n, 42), (kept - n, -1)):
        assert isinstance(made, Size)
        assert tape.replay([7])[tape.place(made)] == wanted  # type: ignore[index]
    assert kept > n
    assert tape.replay([4]) is not None
    assert tape.replay([6]) is None


def test_a_size_of_a_tape_still_open_is_fixed_by_another() -> None:
    outer, inner = Tape([3]), Tape([3])
    assert outer.inputs[0] == inner.inputs[0]
    assert outer.replay([4]) is None
    assert inner.replay([4]) is None


def test_other_threads_see_plain_numbers() -> None:
    tape = Tape([3])
    n = tape.inputs[0]
    steps = len(tape.steps)
    found: list[object] = []

    def elsewhere() -> None:
        mine = Tape([4])
        found.extend([n == 3, {n: 1}.get(3), n * 2, n < mine.inputs[0], mine.replay([2])])

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [True, 1, 6, True, None]
    assert len(tape.steps) == steps
    assert not tape.decided


def test_sizes_inside_tuples_are_refused() -> None:
    tape = Tape([3])
    shape = (tape.inputs[0], 2)
    for mark in (decision, quantity):
        with pytest.raises(TypeError, match="tuple") as refused:
            mark(lambda shape, n: shape[0] + n)(shape, tape.inputs[0])
        assert is_about_sizes(refused.value)


def test_sizes_that_are_equal_by_chance_are_not_found_equal() -> None:
    tape = Tape([6, 6, 3], [7, 5, 2])
    n, m, k = tape.inputs
    assert len({n, m}) == 2
    assert {(n, 2): "known"}.get((m, 2)) is None
    assert not tape.decided
    assert len({n * 2, 2 * n, n + n}) == 1  # equal at both times: asked for, and noted
    assert {n * m: 1}[m * n] == 1
    assert 7 // (k - 2) == 7 and hash(7 // (k - 2)) is not None  # the other time divides by zero
    hashes = hash(n), hash(k)
    tape.close()
    assert (hash(n), hash(k)) == hashes
    assert tape.replay([9, 2, 3]) is not None


def test_only_errors_that_name_sizes_are_about_them() -> None:
    n = Tape([3]).inputs[0]
    with pytest.raises(TypeError) as refused:
        n | 1
    assert is_about_sizes(refused.value)
    with pytest.raises(AttributeError) as lacking:
        n.to_bytes(8)
    assert is_about_sizes(lacking.value)
    assert not is_about_sizes(TypeError("unsupported operand type(s) for +: 'int' and 'str'"))


def test_times_zero_stays_real() -> None:
    tape = Tape([2.5])
    made = tape.inputs[0] * 0
    assert repr(tape.replay([1.5])[tape.place(made)]) == "0.0"  # type: ignore[index]
