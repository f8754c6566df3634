"""NumPy's OpenBLAS has one thread while small matrices are worked on, and its own number after."""

from __future__ import annotations

import pytest

from rushlight.runtime import openblas


def test_one_thread_for_small_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = [4]
    monkeypatch.setattr(
        openblas, "_switch", lambda: (lambda: threads[-1], lambda number: threads.append(number))
    )
    with openblas.one_thread(100):
        assert threads[-1] == 1
    assert threads == [4, 1, 4]
    with openblas.one_thread(openblas.SMALL):
        assert threads == [4, 1, 4]
    with pytest.raises(ValueError, match="singular"), openblas.one_thread(9):
        raise ValueError("singular")
    assert threads == [4, 1, 4, 1, 4]


def test_another_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openblas, "_switch", lambda: None)
    with openblas.one_thread(9):
        pass
