"""Which variable the vectors of a loop nest run along."""

from __future__ import annotations

from rushlight.compiler.loops.vector import vector_variable


def test_what_is_read_again_and_again_is_read_as_it_lies() -> None:
    """sum((x[:, None] - y[None]) ** 2, -1) of 1000 and 500 rows of 24: along the rows of both, not
    along those of the result, for each vector of which y's elements would be picked together."""
    x, y, out = (0, 24, 0, 1), (0, 0, 24, 1), (0, 500, 1, 0)
    assert vector_variable([(0, 1000), (1, 500)], [(2, 24)], [x, y, out]) == (2, True, False)


def test_a_turned_copy_is_read_along_the_result() -> None:
    x, y, out = (0, 24, 0, 1), (0, 0, 1, 500), (0, 500, 1, 0)
    assert vector_variable([(0, 1000), (1, 500)], [(2, 24)], [x, y, out]) == (1, False, False)
