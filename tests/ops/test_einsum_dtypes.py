"""The dtype of einsum: what is summed of one operand alone is a sum of whole numbers, int64."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("equation", "shapes", "kind"),
    [
        ("ik,j->ij", [(2, 3), (3,)], "int64"),
        ("ik,kj->ij", [(2, 3), (3, 4)], "int32"),
        ("ik,kj->", [(2, 3), (3, 4)], "int64"),
        ("bi,bj->ij", [(1, 2), (4, 3)], "int64"),
        ("bi,bj->ij", [(1, 2), (1, 3)], "int32"),
        ("ij->ji", [(2, 3)], "int32"),
        ("ij->i", [(2, 3)], "int64"),
        ("a,b,c->a", [(2,), (3,), (4,)], "int64"),
    ],
)
def test_dtype_of_whole_numbers(equation: str, shapes: list[tuple[int, ...]], kind: str) -> None:
    operands = [torch.ones(shape, dtype=torch.int32) for shape in shapes]
    made = torch.einsum(equation, operands)
    assert str(made.dtype) == f"torch.{kind}"
    assert torch.equal(made.double(), torch.einsum(equation, [x.double() for x in operands]))


def test_a_sum_does_not_fit_a_product_of_narrower_numbers() -> None:
    x, y = torch.ones(2, 3, dtype=torch.int32), torch.ones(3, 4, dtype=torch.int32)
    with pytest.raises(RuntimeError, match="one dtype"):
        torch.einsum("ik,kj->j", x, y)


def test_booleans_have_sums_and_no_matrix_product() -> None:
    x = torch.tensor([[True, True], [False, True]])
    assert torch.einsum("ik,j->ij", x, x[0]).tolist() == [[2, 2], [1, 1]]
    with pytest.raises(NotImplementedError, match="bmm"):
        torch.einsum("ik,kj->ij", x, x)
