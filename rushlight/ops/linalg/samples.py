"""Matrices that the ops of this folder are tested with: far from singular, values apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ops.linalg import inverse, ldl, lu, qr, singular, triangular
from rushlight.ops.samples import Array, BadInputs, Fixed, Rng, Samples, floats


def _matrix(rng: Rng, *shape: int) -> Array:
    rows, columns = shape[-2:]
    apart = np.eye(rows, columns) * np.arange(2, 2 + columns)
    return np.asarray(floats(rng, *shape, low=-0.5, high=0.5) + apart)


def _square(rng: Rng) -> Samples:
    yield (_matrix(rng, 3, 3),), {}
    yield (_matrix(rng, 2, 4, 4),), {}
    yield (np.zeros((0, 3, 3)),), {}


def _any_shape(rng: Rng) -> Samples:
    for shape in ((3, 3), (4, 3), (3, 4), (2, 3, 2)):
        yield (_matrix(rng, *shape),), {}


def _with(rule: Any, *more: object) -> Any:
    def rows(rng: Rng) -> Samples:
        for args, kwargs in rule(rng):
            yield (*args, *more), kwargs

    return rows


def _systems(rng: Rng) -> Samples:
    yield (_matrix(rng, 3, 3), floats(rng, 3, 2)), {}
    yield (_matrix(rng, 2, 1, 3, 3), floats(rng, 4, 3, 1)), {}


def _no_square(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)),), {}, RuntimeError, "batches of square matrices"
    yield (np.ones(3),), {}, RuntimeError, "at least 2 dimensions"
    yield (np.ones((3, 3), np.int64),), {}, RuntimeError, "Expected a floating point or complex"


def _triangles(rng: Rng) -> Samples:
    for above in (True, False):
        for unit in (True, False):
            yield (_matrix(rng, 3, 3), floats(rng, 3, 2), above, unit), {}
    yield (_matrix(rng, 2, 3, 3), floats(rng, 3, 2), True, False), {}


def _reflectors(rng: Rng) -> Samples:
    yield (floats(rng, 4, 3), floats(rng, 3)), {}
    yield (floats(rng, 2, 4, 2), floats(rng, 2, 2)), {}


def _products(rng: Rng) -> Samples:
    for turn in (True, False):
        yield (floats(rng, 4, 3), floats(rng, 3), floats(rng, 4, 2), True, turn), {}
        yield (floats(rng, 4, 3), floats(rng, 3), floats(rng, 2, 4), False, turn), {}


def _limits(rng: Rng) -> Samples:
    for (matrix,), _ in _any_shape(rng):
        yield (matrix, np.asarray(1e-9), np.asarray(1e-9), False), {}


def _packed(rng: Rng) -> Samples:
    yield (_matrix(rng, 3, 3), np.array([2, 3, 3], np.int32)), {}


inverse.inv.samples(_with(_square, "inv"))
for _op in (inverse.det, inverse.slogdet, inverse.inv_ex):
    _op.samples(_square)
    _op.bad_inputs(_no_square)
inverse.cofactor.samples(lambda rng: iter((((_matrix(rng, 3, 3),), {}),)))
inverse.solve.samples(_systems)
inverse.solve_ex.samples(_systems)
qr.qr.samples(_with(_any_shape, "reduced"))
qr.geqrf.samples(_any_shape)
qr.householder.samples(_reflectors)
qr.ormqr.samples(_products)
singular.svd.samples(_with(_any_shape, False))
singular.svdvals.samples(_any_shape)
singular.pinv.samples(_limits)
triangular.triangular.samples(_triangles)
lu.lu_factor.samples(_any_shape)
lu.lu.samples(_any_shape)
lu.lu_unpack.samples(_packed)


def _symmetric(rng: Rng) -> Samples:
    for shape in ((3, 3), (2, 4, 4), (0, 2, 2)):
        x = floats(rng, *shape)
        yield (x + np.swapaxes(x, -1, -2), False), {}
    yield (np.array([[0.0, 1.0], [1.0, 0.0]]), True), {}  # a block of two


def _factors(rng: Rng) -> Samples:
    values, pivots = np.array([[2.0, 0.0], [0.5, 3.0]]), np.array([1, 2], np.int32)
    yield (Fixed(values), pivots, floats(rng, 2, 3), False), {}
    block = np.array([[0.0, 0.0], [1.0, 0.0]])
    yield (Fixed(block), -pivots[[1, 1]], floats(rng, 4, 2, 1), True), {}


ldl.ldl_factor.samples(_symmetric)
ldl.ldl_solve.samples(_factors)
