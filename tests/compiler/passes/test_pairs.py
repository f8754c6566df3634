"""Complex numbers as pairs of real ones, against the interpreter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rushlight.base.dtype import bool_, complex64, complex128, float32, int64
from rushlight.compiler.passes.pairs import pairs
from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret import interpret
from rushlight.ops.complex_numbers import modulus
from rushlight.ops.fft import fft_c2c
from tests.compiler.run_plan import run_compiled

Formula = Callable[[Node, Node], Node]
INDEX = build.const(1, (2,), int64)
# Of two arrays (4, 35).
EXACT: dict[str, Formula] = {
    "where": lambda x, y: build.where(binary("lt", build.real(x), build.imag(y)), x, y),
    "equal": lambda x, y: binary("eq", x, build.where(build.cast(y, bool_), x, y)),
    "unequal": lambda x, y: binary("ne", x, build.where(build.cast(y, bool_), x, y)),
    "together": lambda x, y: build.complex_of(unary("neg", build.imag(x)), build.real(y)),
    "apart": lambda x, y: binary("sub", build.parts(x), build.parts(y)),
    "constant": lambda x, y: binary("add", x, build.const(2 - 0.5j, x.shape, x.dtype)),
    "constant factor": lambda x, y: binary("mul", build.const(2 - 0.5j, x.shape, x.dtype), y),
    "turned": lambda x, y: build.permute(build.reshape(x, (7, 20)), (1, 0)),
    "backward": lambda x, y: build.slice(x, (3, 34), (2, 12), (-2, -3)),
    "repeated": lambda x, y: build.expand(build.reshape(x, (4, 1, 35)), (4, 3, 35)),
    "joined": lambda x, y: build.cat([x, y, x], 1),
    "padded": lambda x, y: build.pad(x, (1, 0), (0, 2), 0),
    "padded with more": lambda x, y: build.pad(x, (1, 0), (0, 2), 1),
    "window": lambda x, y: build.as_strided(x, (5, 3), (7, 2), 4),
    "into a window": lambda x, y: build.as_strided_set(
        x, build.slice(y, (0, 0), (4, 3), (1, 1)), (11, 2), 4
    ),
    "into a slice": lambda x, y: build.slice_set(
        x, build.slice(y, (0, 0), (2, 12), (1, 1)), (0, 1), (2, 3)
    ),
    "taken": lambda x, y: build.take(x, INDEX, 1),
    "put": lambda x, y: build.put(x, INDEX, build.slice(y, (0, 3), (4, 2), (1, 1)), 1, "set"),
    "gathered": lambda x, y: build.gather(x, build.iota((4, 3), 1), 1),
    "scattered": lambda x, y: build.scatter(
        x, build.iota((4, 3), 1), build.slice(y, (0, 0), (4, 3), (1, 1)), 1, "add"
    ),
    "wider": lambda x, y: build.cast(x, complex128),
    "narrower": lambda x, y: build.cast(x, complex64),
    "real part": lambda x, y: build.cast(x, float32),
    "to bool": lambda x, y: build.cast(x, bool_),
    "from whole": lambda x, y: build.cast(build.iota(x.shape, 1), x.dtype),
    "quotient": lambda x, y: binary("div", x, y),
}
NEAR: dict[str, Formula] = {
    "modulus": lambda x, y: modulus(x),
    "direction": lambda x, y: unary("sign", x),
    "reciprocal": lambda x, y: unary("reciprocal", x),
    "root": lambda x, y: unary("sqrt", x),
    "sum": lambda x, y: build.reduce(x, "sum", (1,)),
    "product": lambda x, y: build.reduce(x, "prod", (0,)),
    "running sum": lambda x, y: build.scan(x, "sum", 0),
    "matrices": lambda x, y: build.dot(x, build.permute(y, (1, 0))),
    "inner": lambda x, y: build.dot(
        build.reshape(x, (2, 1, 70)), build.conj(build.reshape(y, (2, 70, 1)))
    ),
    "spectrum": lambda x, y: fft_c2c(x, (1,), 1.0, True),
}


def numbers(seed: int, dtype: type) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(4, 35)) + 1j * rng.normal(size=(4, 35))).astype(dtype)


def both(formula: Formula, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dtype = complex64 if x.dtype == np.complex64 else complex128
    inputs = [build.input(place, x.shape, dtype) for place in range(2)]
    node = formula(*inputs)
    assert not any(each.dtype.is_complex for each in toposort(pairs([node])))
    with np.errstate(all="ignore"):
        (expected,) = interpret([node], [x, y])
        (got,) = run_compiled([node], inputs, [x, y])
    return got, expected


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", EXACT)
def test_the_same_bits(name: str, dtype: type) -> None:
    x, y = numbers(1, dtype), numbers(2, dtype)
    y[1, :7] = 0
    got, expected = both(EXACT[name], x, y)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("name", NEAR)
def test_near(name: str, dtype: type) -> None:
    got, expected = both(NEAR[name], numbers(3, dtype), numbers(4, dtype))
    close = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(got, expected, rtol=close, atol=close)


@pytest.mark.parametrize("name", ["quotient", "modulus", "together", "unequal", "to bool"])
def test_what_is_no_number(name: str) -> None:
    x, y = numbers(5, np.complex64), numbers(6, np.complex64)
    inf, nan = np.inf, np.nan
    rare = [0, -0.0, inf, -inf, nan, 1, 1e38, 1e-38]
    places = [complex(a, b) for a in rare for b in rare]
    x.reshape(-1)[:64], y.reshape(-1)[:64] = places, places[::-1]
    x.reshape(-1)[64:128], y.reshape(-1)[64:128] = places, places[5:] + places[:5]
    formula = {**EXACT, **NEAR}[name]
    got, expected = both(formula, x, y)
    np.testing.assert_allclose(got.real, expected.real, rtol=2e-7)
    np.testing.assert_allclose(got.imag, expected.imag, rtol=2e-7)


def test_a_view_of_the_parts_is_their_memory() -> None:
    x = build.input(0, (3,), complex64)
    (parts,) = pairs([build.parts(x)])
    assert parts.op == "input" and parts.shape == (3, 2) and parts.dtype is float32
