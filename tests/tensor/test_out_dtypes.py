"""``out=`` of another dtype: what is refused, with which error, and what is converted."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rushlight as torch

DOUBLE = torch.zeros(2, dtype=torch.float64)
WHOLE = torch.zeros(2, dtype=torch.int64)
X = torch.tensor([[1.0, -2.0], [3.0, 0.5]])


def test_an_extremum_along_a_dim_wants_the_very_dtypes() -> None:
    with pytest.raises(RuntimeError, match="dtype float, but got double"):
        torch.max(X, 1, out=(DOUBLE, WHOLE))
    held = torch.zeros(2)
    torch.max(X, 1, out=(held, WHOLE))
    assert held.tolist() == [1, 3] and WHOLE.tolist() == [0, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda out: torch.abs(X, out=out),
        lambda out: torch.inner(X, X, out=out),
        lambda out: torch.diff(X, n=0, out=out),
        lambda out: torch.linalg.det(X, out=out),
        lambda out: torch.linalg.vector_norm(X, out=out),
        lambda out: torch.norm(X, out=out),
    ],
)
def test_no_other_dtype(call: Any) -> None:
    with pytest.raises(RuntimeError):
        call(torch.zeros(0, dtype=torch.float64))


def test_what_is_computed_is_converted() -> None:
    out = torch.zeros(0, dtype=torch.float64)
    assert torch.abs(torch.tensor([3 + 4j]), out=out).tolist() == [5]
    square = torch.tensor([[4.0]])
    assert torch.cholesky(square, out=torch.zeros(1, 1).double()).tolist() == [[2]]
    with pytest.raises(RuntimeError):
        torch.linalg.cholesky(square, out=torch.zeros(1, 1).double())
    assert torch.inner(X[0], torch.tensor(2.0), out=torch.zeros(2).double()).tolist() == [2, -4]
    assert torch.diff(X[0], out=torch.zeros(1).double()).tolist() == [-3]


def test_joining_and_missing_kernels_have_their_own_errors() -> None:
    with pytest.raises(TypeError, match="can't be cast"):
        torch.stack([X[0], X[1]], out=torch.zeros(2, 2, dtype=torch.int64))
    with pytest.raises(NotImplementedError):
        torch.nansum(X, 1, out=WHOLE)


def test_a_sum_by_einsum_of_small_whole_numbers_is_int64() -> None:
    x = torch.full((300,), 100, dtype=torch.uint8)
    total = torch.einsum("i->", x)
    assert total.dtype is torch.int64 and total.item() == 30000
    assert torch.einsum("i->i", x).dtype is torch.uint8


def test_nextafter_has_the_gradient_of_what_it_moves() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([1.0, 3.0], requires_grad=True)
    torch.nextafter(x, y).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [0, 1]
    assert y.grad is not None and y.grad.tolist() == [0, 0]


def test_scaled_bessel_functions_vanish_at_infinity() -> None:
    ends = torch.tensor([math.inf, -math.inf])
    assert torch.special.i0e(ends).tolist() == [0, 0]
    assert torch.special.i1e(ends).tolist() == [0, 0]


def test_powers_of_a_matrix_are_converted_where_a_square_comes_last() -> None:
    for n in (0, 1, 4, 8):
        out = torch.zeros(2, 2, dtype=torch.float64)
        assert torch.linalg.matrix_power(X, n, out=out) is out
        assert out.tolist() == torch.linalg.matrix_power(X, n).tolist()
    for n in (2, 3, 5, 6, -1):
        with pytest.raises(RuntimeError, match="dtype float, but got double"):
            torch.linalg.matrix_power(X, n, out=torch.zeros(2, 2, dtype=torch.float64))


def test_a_mean_of_complex_numbers_along_a_dim_is_cut_to_its_real_part() -> None:
    z, out = torch.tensor([1 + 2j, 3 - 1j]), torch.zeros((), dtype=torch.float64)
    torch.mean(z, 0, out=out)
    assert out.item() == 2
    with pytest.raises(RuntimeError, match="can't be cast"):
        torch.mean(z, out=out)


def test_places_in_a_tuple_are_written_nowhere() -> None:
    out = torch.zeros(0, dtype=torch.int64)
    assert torch.nonzero(X, out=out) is out and out.shape == (4, 2)
    with pytest.raises(TypeError, match="out"):
        torch.nonzero(X, as_tuple=True, out=(out, out))
