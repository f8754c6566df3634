"""The collector's threshold is raised where nobody has set one."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from rushlight.engine.collector import YOUNG, Patience


@pytest.fixture(autouse=True)
def _threshold() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_the_default_is_raised_once() -> None:
    gc.set_threshold(700, 10, 10)
    patience = Patience()
    patience.for_objects(YOUNG)
    assert gc.get_threshold() == (YOUNG, 10, 10)
    patience.for_objects(YOUNG)
    assert gc.get_threshold() == (YOUNG, 10, 10)


def test_it_follows_the_longest_step() -> None:
    gc.set_threshold(700, 10, 10)
    patience = Patience()
    for values, first in ((50, 700), (5_000, 20_000), (6_000, 24_000), (300, 24_000)):
        patience.for_step(values)
        assert gc.get_threshold() == (first, 10, 10)
    patience.for_step(10**7)
    assert gc.get_threshold() == (100_000, 10, 10)


def test_a_threshold_of_the_program_stays() -> None:
    for own in ((500, 5, 5), (50_000, 20, 20), (0, 10, 10)):
        gc.set_threshold(*own)
        patience = Patience()
        patience.for_objects(YOUNG)
        patience.for_step(50_000)
        assert gc.get_threshold() == own
