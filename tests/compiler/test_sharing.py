"""Which commands are shared between threads: by how much they do and where their data is."""

from __future__ import annotations

import pytest

from rushlight.compiler import sharing
from rushlight.compiler.sharing import Work, shared
from rushlight.runtime import cpu

A, B, C, D = (0, 0), (1, 0), (2, 0), (2, 4096)
KIB = 1024


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "cores", lambda: 2)


def heavy(*touched: tuple[tuple[int, int], int]) -> Work:
    """What takes 40 us alone."""
    return Work(8, 0, 40 * sharing.FLOPS_PER_US, touched)


def light(*touched: tuple[tuple[int, int], int], chunks: int = 8) -> Work:
    """What moves everything it touches, and nothing else."""
    return Work(chunks, sum(size for _, size in touched), 0, touched)


def test_much_work_is_shared_and_little_is_not() -> None:
    assert shared([heavy((A, KIB)), light((A, KIB), (B, KIB))]) == [True, False]


def test_one_chunk_is_never_shared() -> None:
    assert shared([Work(1, 1 << 30, 1 << 40, ((A, 1 << 30),))]) == [False]


def test_what_the_caller_has_in_its_cache_stays_with_it() -> None:
    # 16 us at most: dearer where half of it has to come from the caller's cache.
    update = light((A, 200 * KIB), (B, 200 * KIB), (C, 200 * KIB))
    assert shared([update]) == [False]


def test_what_was_made_by_all_is_read_by_all() -> None:
    pool = light((A, 75 * KIB), (B, 20 * KIB))
    assert shared([pool]) == [False]
    assert shared([heavy((A, 75 * KIB)), pool]) == [True, True]


def test_large_arrays_are_near_nobody() -> None:
    assert shared([light((A, 64 << 20), (B, 64 << 20))]) == [True]


def test_a_place_is_forgotten_after_much_else() -> None:
    near = sharing.KEPT * cpu.host().l2_bytes
    read = light((A, near // 2))
    others = [light(((3, k), near // 4), chunks=1) for k in range(8)]
    first = light((A, near // 2), chunks=1)
    assert shared([first, read])[-1] is False
    assert shared([first, *others, read])[-1] is True


def test_two_places_of_one_slot_are_two() -> None:
    pool = light((D, 75 * KIB))
    assert shared([heavy((C, 75 * KIB)), pool]) == [True, False]
