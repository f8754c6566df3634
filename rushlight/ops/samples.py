"""Arguments that families of ops are tested with: see ``Op.samples`` in ops/table.py.

A rule yields (args, kwargs). Arrays of float64 stand for every floating dtype: the tests run them
as float32 as well, and take gradients of them as they are. Any other dtype is taken at its word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from rushlight.base.record import Record

Rng: TypeAlias = "np.random.Generator"  # as text: importing numpy.random takes 9 ms
Array = np.ndarray[Any, Any]
Samples = Iterator[tuple[tuple[Any, ...], dict[str, Any]]]
BadInputs = Iterator[tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]]
Rule = Callable[[Rng], Samples]

INTEGERS = np.array([[3, -2, 0], [7, 1, -5]])
BOOLS = np.array([True, False, True])
# Numbers at which functions do something else than elsewhere.
CORNERS = np.array([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, np.inf, -np.inf, np.nan])
LARGE = np.array([88.0, -88.0, 300.0, -300.0, 1e4, -1e4])


class Fixed(Record):
    """An argument that has no gradient (class weights): PyTorch refuses to be asked for one."""

    values: Array


def floats(rng: Rng, *shape: int, low: float = -2, high: float = 2) -> Array:
    """Uniform numbers of ``shape``, 0-d too."""
    return np.asarray(rng.uniform(low, high, shape))


def distinct(rng: Rng, *shape: int) -> Array:
    """Numbers of ``shape`` far enough apart that a small step changes no order."""
    count = int(np.prod(shape))
    return rng.permutation(count).reshape(shape) / 4 - count / 8


def of_one(low: float = -2, high: float = 2, *, whole: bool = True, bools: bool = True) -> Rule:
    """For functions of one number: usual shapes, 0-d, empty, corners; ``whole``: integers."""

    def rule(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5, low=low, high=high),), {}
        yield (floats(rng, low=low, high=high),), {}
        yield (np.zeros((0, 3)),), {}
        yield (CORNERS,), {}
        yield (LARGE,), {}
        if whole:
            yield (INTEGERS,), {}
            yield (INTEGERS.astype(np.int32),), {}
            if bools:
                yield (BOOLS,), {}

    return rule


def of_two(
    low: float = -2, high: float = 2, *, whole: bool = True, bools: bool = True,
    number: bool = True, divisor: bool = False,
) -> Rule:  # fmt: skip
    """For functions of two numbers: broadcast, mixed dtypes, a Python number as the second."""

    def rule(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5, low=low, high=high), floats(rng, 4, 5, low=low, high=high)), {}
        yield (floats(rng, 3, 1, low=low, high=high), floats(rng, 4, low=low, high=high)), {}
        yield (floats(rng, low=low, high=high), floats(rng, 2, 3, low=low, high=high)), {}
        yield (np.zeros((0, 3)), np.zeros((1, 3))), {}
        yield (CORNERS.reshape(-1, 1), CORNERS), {}
        if whole:
            other = np.array([2, -3, 3])
            yield (INTEGERS, other), {}
            yield (INTEGERS.astype(np.int32), other.astype(np.uint8)), {}
            yield (INTEGERS, np.asarray(1.5)), {}
            if number:
                yield (INTEGERS, 2), {}
        if bools:
            if not divisor:
                yield (BOOLS, ~BOOLS), {}
            yield (BOOLS, np.array([2, 1, 3])), {}
        if number:
            yield (floats(rng, 2, 3, low=low, high=high), 1.5), {}

    return rule


def with_options(*options: dict[str, Any], shape: tuple[int, ...] = (4, 5)) -> Rule:
    """``of_one`` without integers, and a usual argument with each of the keyword arguments."""

    def rule(rng: Rng) -> Samples:
        yield from of_one(whole=False)(rng)
        for each in options:
            yield (floats(rng, *shape, low=-4, high=4),), each
            yield (CORNERS,), each

    return rule


def raises(*rows: tuple[tuple[Any, ...], dict[str, Any], type[Exception], str]) -> Any:
    """A ``bad_inputs`` rule of fixed rows."""
    return lambda rng: iter(rows)


def over_dims(*, several: bool = True, whole: bool = True, bools: bool = False) -> Rule:
    """For reductions: all dims, one, a negative one, ``several``, kept ones, nothing to reduce."""

    def rule(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5),), {}
        yield (floats(rng, 4, 5), 1), {}
        yield (floats(rng, 2, 3, 4), -2, True), {}
        yield (floats(rng, 33, 70), 0), {}
        yield (floats(rng),), {}
        yield (floats(rng), 0), {}
        yield (np.zeros((3, 0)), 1), {}
        yield (np.zeros((3, 0)), 0, True), {}
        yield (np.array([[1.0, np.nan], [np.inf, 2.0], [np.inf, -np.inf]]), 1), {}
        if several:
            yield (floats(rng, 2, 3, 4), (0, -1)), {}
            yield (floats(rng, 2, 3, 4), (2, 0), True), {}
            yield (floats(rng, 2, 3), ()), {}
        if whole:
            yield (INTEGERS, 1), {}
            yield (INTEGERS.astype(np.int32),), {}
        if bools:
            yield (BOOLS,), {}

    return rule


def spreads() -> Rule:
    """For variances: corrections, one element, none, a constant row."""

    def rule(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5),), {}
        yield (floats(rng, 4, 5), 1), {}
        yield (floats(rng, 2, 3, 4), (0, -1)), {"keepdim": True}
        yield (floats(rng, 4, 5), 0), {"correction": 0}
        yield (floats(rng, 4, 5),), {"correction": 2}
        yield (floats(rng, 4, 5), 1, False), {}
        yield (floats(rng, 4, 5), False), {}
        yield (floats(rng, 1),), {}  # 0 / 0
        yield (floats(rng, 1), 0), {"correction": 0}
        yield (np.zeros((0, 3)), 0), {}
        yield (floats(rng, 3, 4) + 30, 1), {}
        yield (np.ones((2, 3)), 1), {}

    return rule


def extrema(*, several: bool = False, bools: bool = True) -> Rule:
    """For extrema: all dims, one, ``several``; ties, nan, whole numbers."""

    def rule(rng: Rng) -> Samples:
        yield (distinct(rng, 4, 5),), {}
        yield (distinct(rng, 4, 5), 1), {}
        yield (distinct(rng, 2, 3, 4), -2, True), {}
        yield (distinct(rng, 33, 70), 0), {}
        yield (np.asarray(1.5),), {}
        yield (np.asarray(1.5), 0), {}
        yield (np.zeros((3, 0)), 0), {}
        ties = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-1.0, 0.0, -1.0]])
        yield (ties, 1), {}
        yield (ties,), {}
        yield (np.array([[1.0, np.nan, 3.0, np.nan], [np.inf, -np.inf, 0.0, 1.0]]), 1), {}
        yield (np.array([1.0, np.nan, 3.0]),), {}
        yield (np.array([-np.inf, -np.inf]), 0), {}
        yield (INTEGERS, 1), {}
        yield (INTEGERS.astype(np.uint8),), {}
        if bools:
            yield (BOOLS, 0), {}
            yield (BOOLS,), {}
        if several:
            yield (distinct(rng, 2, 3, 4), (0, -1)), {}
            yield (ties, (0, 1), True), {}

    return rule


def running() -> Rule:
    """For running sums and products."""

    def rule(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5), 1), {}
        yield (floats(rng, 2, 3, 4), -2), {}
        yield (floats(rng), 0), {}
        yield (np.zeros((0, 3)), 0), {}
        yield (np.zeros((3, 0)), 1), {}
        yield (np.array([2.0, 0.0, 3.0, 0.0, 1.0]), 0), {}
        yield (np.array([1.0, np.nan, 2.0, np.inf]), 0), {}
        yield (INTEGERS, 1), {}
        yield (INTEGERS.astype(np.int32), 0), {}
        yield (BOOLS, 0), {}

    return rule
