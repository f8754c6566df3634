"""Products of small matrices are sums of products, of the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.compiler.passes.simplify import simplify
from rushlight.ir.interpret import interpret
from rushlight.ir.text import from_text, to_text


def _graph(m: int, n: int, k: int, turned: bool = False, kind: str = "f32") -> str:
    columns = f"[7,{n},{k}] index=1\n%2 = permute {kind}[7,{k},{n}] %1 axes=(0, 2, 1)"
    return f"""%0 = input {kind}[7,{m},{k}] index=0
%1 = input {kind}{columns if turned else f"[7,{k},{n}] index=1"}
%{2 + turned} = dot {kind}[7,{m},{n}] %0 %{1 + turned}
return %{2 + turned}
"""


def _is_sum(text: str) -> bool:
    return "dot" not in to_text(simplify(list(from_text(text))))


@pytest.mark.parametrize(
    ("m", "n", "k"), [(1, 1, 5), (3, 4, 1), (3, 3, 3), (2, 3, 3), (1, 4, 2), (8, 6, 5), (3, 1, 4)]
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_numbers_are_the_same(m: int, n: int, k: int, turned: bool) -> None:
    text = _graph(m, n, k, turned)
    rng = np.random.default_rng(0)
    shapes = (7, m, k), (7, n, k) if turned else (7, k, n)
    arrays = [rng.integers(-3, 4, shape).astype(np.float32) for shape in shapes]
    graph = list(from_text(text))
    expected = interpret(graph, arrays)
    assert np.array_equal(interpret(simplify(graph), arrays)[0], expected[0])


def test_which_are_sums() -> None:
    assert _is_sum(_graph(1, 1, 5)) and _is_sum(_graph(40, 50, 1)) and _is_sum(_graph(4, 8, 16))
    assert not _is_sum(_graph(16, 16, 16))  # a tile is full
    assert not _is_sum(_graph(17, 2, 2))
    assert not _is_sum(_graph(1, 1, 5, kind="f16"))  # it rounds once


def test_columns_that_are_read_across_memory() -> None:
    assert _is_sum(_graph(3, 3, 3, turned=True)) and _is_sum(_graph(8, 8, 8, turned=True))
    assert not _is_sum(_graph(4, 8, 8, turned=True))


def test_a_matrix_alone_is_a_product() -> None:
    text = """%0 = input f32[3,3] index=0
%1 = input f32[3,3] index=1
%2 = dot f32[3,3] %0 %1
return %2
"""
    assert not _is_sum(text)
