"""bf16 products, which some CPUs add two terms at a time: every layout, odd depths, few rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.compiler.contraction import Epilogue, Operand, matmul
from rushlight.compiler.launch import Ref
from tests.compiler.contraction import machine

Array = np.ndarray[Any, Any]


def bits(rng: np.random.Generator, *shape: int) -> Array:
    """bf16 numbers as whole numbers."""
    return machine.aligned((rng.standard_normal(shape).astype("f").view("u4") >> 16).astype("u2"))


def numbers(array: Array) -> Array:
    return (array.astype("u4") << 16).view("f").astype("d")


def operand(array: Array) -> Operand:
    return Operand(Ref(array), "bf16", array.shape, tuple(step // 2 for step in array.strides))


def check(a: Array, b: Array, parts: int) -> Array:
    """The product, which is within a rounding of bf16 of the exact one."""
    out = machine.aligned(np.full((*a.shape[:-1], b.shape[-1]), 0x7FC0, "u2"))
    machine.run(matmul(operand(a), operand(b), operand(out), Epilogue()), parts)
    exact = numbers(a) @ numbers(b)
    assert np.all(np.abs(numbers(out) - exact) <= 2**-8 * np.abs(exact) + 1e-3)
    return out


@pytest.mark.parametrize("sizes", [(1, 64, 100), (5, 66, 33), (50, 130, 40), (13, 1300, 17)])
@pytest.mark.parametrize("turned", ["", "a", "b", "ab"])
def test_layouts(sizes: tuple[int, int, int], turned: str) -> None:
    rows, depth, columns = sizes
    rng = np.random.default_rng(0)
    a = bits(rng, depth, rows).T if "a" in turned else bits(rng, rows, depth)
    b = bits(rng, columns, depth).T if "b" in turned else bits(rng, depth, columns)
    assert np.array_equal(check(a, b, 0), check(a, b, 3))


@pytest.mark.parametrize("depth", [1, 2, 3, 31])
def test_depths(depth: int) -> None:
    rng = np.random.default_rng(0)
    check(bits(rng, 20, depth), bits(rng, 18, depth).T, 0)


def test_rows_that_begin_inside_a_pair() -> None:
    rng = np.random.default_rng(0)
    check(bits(rng, 20, 33)[:, 1:], bits(rng, 18, 35)[:, 2:34].T, 0)
    check(bits(rng, 20, 34)[:, 1:33], bits(rng, 18, 36)[:, 3:35].T, 0)


def test_batches() -> None:
    rng = np.random.default_rng(0)
    a, b = bits(rng, 3, 7, 32), np.moveaxis(bits(rng, 3, 9, 32), 1, 2)
    check(a, b, 2)
    check(np.broadcast_to(a[:1], a.shape), bits(rng, 3, 32, 40), 2)
