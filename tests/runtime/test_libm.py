"""Functions of the C library, which Python's ``math`` calls as well: the same bits."""

import math

import numpy as np
import pytest

from rushlight.runtime.libm import normal_pairs, of_each


@pytest.mark.parametrize("name", ["cos", "exp", "log", "log1p", "sin", "tan"])
def test_same_as_pythons(name: str) -> None:
    numbers = np.random.default_rng(0).uniform(0, 1, (7, 300))
    made = of_each(name, numbers[:, ::2])
    wanted = [[getattr(math, name)(each) for each in row[::2]] for row in numbers.tolist()]
    assert made.tolist() == wanted
    assert of_each(name, numbers[:0]).shape == (0, 300)


def test_pairs_of_normals() -> None:
    uniforms = np.random.default_rng(1).uniform(0, 1, 200)
    wanted: list[float] = []
    for first, second in uniforms.reshape(-1, 2).tolist():
        r, angle = math.sqrt(-2 * math.log1p(-second)), 2 * math.pi * first
        wanted += [r * math.cos(angle), r * math.sin(angle)]
    assert normal_pairs(uniforms).tolist() == wanted
    assert normal_pairs(uniforms[:0]).size == 0
