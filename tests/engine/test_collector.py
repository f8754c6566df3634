"""The collector's threshold is raised where nobody has set one."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from rushlight.engine.collector import YOUNG, collect_seldom


@pytest.fixture(autouse=True)
def _threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_default_is_raised_once() -> None:
    gc.set_threshold(700, 10, 10)
    collect_seldom()
    assert gc.get_threshold() == (YOUNG, 10, 10)
    collect_seldom()
    assert gc.get_threshold() == (YOUNG, 10, 10)


def test_a_threshold_of_the_program_stays() -> None:
    for own in ((500, 5, 5), (50_000, 20, 20), (0, 10, 10)):
        gc.set_threshold(*own)
        collect_seldom()
        assert gc.get_threshold() == own
