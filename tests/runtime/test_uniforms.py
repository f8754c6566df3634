"""Numbers drawn by machine code are those that the same functions draw in Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rushlight.base.errors import InternalError
from rushlight.runtime import scalars, uniforms, variates
from rushlight.runtime.mt19937 import Mt19937


class Slowly:
    """Uniform and normal numbers one at a time, a pair of words asked for after the other."""

    def __init__(self, engine: Mt19937) -> None:
        self.engine = engine

    def __call__(self) -> float:
        return (int(self.engine.longs(1)[0]) & (2**53 - 1)) * 2.0**-53

    def normal(self) -> float:
        kept = self.engine.next_normal
        if kept is not None:
            self.engine.next_normal = None
            return kept
        angle = 2.0 * math.pi * self()
        radius = math.sqrt(-2.0 * math.log1p(-self()))
        self.engine.next_normal = radius * math.sin(angle)
        return radius * math.cos(angle)


COLUMNS = {
    "_gamma": ([0.3, 2.0, 0.0, math.nan], [3.4, 0.5, 0.0, 0.0], [0.9, 1.6, 0.6, 1.0]),
    "_poisson": ([0.0, 3.0, 9.9, 10.0, 250.0, math.nan],),
    "_binomial": ([0.0, 9.0, 40.0, 300.0, 300.0, math.nan], [0.5, 0.2, 1.0, 0.3, 0.8, 0.5]),
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_the_code_draws_what_the_function_draws(name: str) -> None:
    """Over several blocks of uniform numbers, and the stream is left where Python leaves it."""
    function = getattr(variates, name)
    columns = [np.tile(np.array(column), 70) for column in COLUMNS[name]]
    fast, slow = Mt19937(11), Mt19937(11)
    draw = Slowly(slow)
    for _ in range(2):
        expected = [function(*row, draw) for row in zip(*columns, strict=True)]
        np.testing.assert_array_equal(uniforms.drawn(fast, function, *columns), expected)
        assert fast.words(3).tolist() == slow.words(3).tolist()
        assert fast.next_normal == slow.next_normal


def test_nothing_is_drawn_for_no_element() -> None:
    engine = Mt19937(11)
    assert uniforms.drawn(engine, variates._poisson, np.empty(0)).shape == (0,)
    assert engine.words(2).tolist() == Mt19937(11).words(2).tolist()


def test_what_is_no_part_of_such_functions_is_refused() -> None:
    def several(x: float, draw: variates.Uniforms) -> float:
        for _ in range(3):
            x += draw()
        return x

    with pytest.raises(InternalError, match="no part of such functions"):
        scalars.module(several)
