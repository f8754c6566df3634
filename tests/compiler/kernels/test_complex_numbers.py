"""Sums and products of complex numbers as kernels, against the interpreter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rushlight.base.dtype import complex64, complex128, float32, float64
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.passes.pairs import pairs
from rushlight.compiler.pipeline import lower_graph
from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import run_compiled

RNG = np.random.default_rng(5)
FORMULAS: list[Callable[[Node, Node], Node]] = [
    lambda x, y: binary("add", x, y),
    lambda x, y: binary("sub", unary("neg", x), build.conj(y)),
    lambda x, y: binary("mul", x, y),
    lambda x, y: binary("mul", x, build.const(2 - 1j, x.shape, x.dtype)),
    lambda x, y: binary("mul", build.cast(build.cast(x, float32), x.dtype), y),
]


def numbers(shape: tuple[int, ...], dtype: DType) -> np.ndarray:
    values = (RNG.normal(size=shape) + 1j * RNG.normal(size=shape)).astype(dtype.np)
    if values.size > 2:
        values.reshape(-1)[1:3] = complex(np.inf, 0), complex(np.nan, 1)
    return values


@pytest.mark.parametrize("formula", range(len(FORMULAS)))
@pytest.mark.parametrize("dtype", [complex64, complex128], ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (8,), (19,), (5, 7), (2, 3, 70)], ids=str)
def test_agrees(formula: int, dtype: DType, shape: tuple[int, ...]) -> None:
    inputs = [build.input(place, shape, dtype) for place in range(2)]
    node = FORMULAS[formula](*inputs)
    arrays = [numbers(shape, dtype) for _ in inputs]
    with np.errstate(all="ignore"):
        (expected,) = interpret([node], arrays)
        (got,) = run_compiled([node], inputs, arrays)
    np.testing.assert_array_equal(got.real, expected.real)
    np.testing.assert_array_equal(got.imag, expected.imag)


def test_what_is_read_is_not_copied() -> None:
    """Turned, cut, repeated: one launch."""
    x, y = build.input(0, (6, 5), complex64), build.input(1, (5,), complex64)
    turned = build.permute(x, (1, 0))
    cut = build.slice(turned, (4, 0), (5, 3), (-1, 2))
    repeated = build.expand(build.reshape(y, (5, 1)), (5, 3))
    node = binary("mul", cut, repeated)
    arrays = [numbers((6, 5), complex64), numbers((5,), complex64)]
    with np.errstate(all="ignore"):
        (expected,) = interpret([node], arrays)
        (got,) = run_compiled([node], [x, y], arrays)
    np.testing.assert_array_equal(got, expected)
    _, steps, _ = lower_graph(pairs([node]), frozenset())
    assert [step.launch.label for step in steps] == ["mul complex64[5, 3]"]


def test_a_number_is_cast_by_a_kernel() -> None:
    x = build.input(0, (3,), float64)
    _, steps, _ = lower_graph(pairs([build.cast(x, complex64)]), frozenset())
    assert [step.launch.label for step in steps] == ["cast complex64[3]"]
