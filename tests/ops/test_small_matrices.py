"""Small matrices are eliminated by loops of their own (``ops/linalg/small_loops.py``)."""

import numpy as np
import pytest

import rushlight as torch
from rushlight.ops.linalg.elimination import factored
from rushlight.ops.linalg.small_loops import LARGEST


@pytest.mark.parametrize("shape", [(1, 1), (6, 3, 3), (2, 4, 5, 3), (3, 2, 6), (LARGEST, LARGEST)])
def test_pivots_and_factors_are_those_of_the_elimination(shape: tuple[int, ...]) -> None:
    # Small whole numbers: pivots tie, and some are zero.
    given = np.random.default_rng(5).integers(-2, 3, shape).astype(np.float64)
    made, pivots, info = torch.linalg.lu_factor_ex(torch.tensor(given))
    expected = factored(given)
    np.testing.assert_allclose(made.numpy(), expected[0], atol=1e-11)
    assert pivots.tolist() == expected[1].tolist()
    assert info.tolist() == expected[2].tolist()


def test_singular_matrices_have_determinant_zero_and_no_inverse() -> None:
    given = torch.tensor([[[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 4.0]]])
    assert torch.linalg.det(given).tolist() == [5.0, 0.0]
    sign, size = torch.linalg.slogdet(given)
    assert sign.tolist() == [1.0, 0.0] and size[1].item() == -np.inf
    with pytest.raises(torch.linalg.LinAlgError, match=r"inv: \(Batch element 1\)"):
        torch.linalg.inv(given).tolist()
    with pytest.raises(torch.linalg.LinAlgError, match="singular"):
        torch.linalg.solve(given, torch.ones(2, 2, 1)).tolist()
    with pytest.raises(torch.linalg.LinAlgError, match="not positive-definite"):
        torch.linalg.cholesky(-given).tolist()


def test_an_empty_matrix_has_determinant_one() -> None:
    assert torch.linalg.det(torch.zeros(2, 0, 0)).tolist() == [1.0, 1.0]
    assert torch.linalg.inv(torch.zeros(0, 3, 3)).shape == (0, 3, 3)
