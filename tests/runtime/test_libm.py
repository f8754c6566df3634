"""Functions of the C library, which Python's ``math`` calls as well: the same bits."""

import math

import numpy as np
import pytest

from rushlight.runtime.libm import of_each


@pytest.mark.parametrize("name", ["cos", "exp", "log", "log1p", "sin", "tan"])
def test_same_as_pythons(name: str) -> None:
    numbers = np.random.default_rng(0).uniform(0, 1, (7, 300))
    made = of_each(name, numbers[:, ::2])
    wanted = [[getattr(math, name)(each) for each in row[::2]] for row in numbers.tolist()]
    assert made.tolist() == wanted
    assert of_each(name, numbers[:0]).shape == (0, 300)
