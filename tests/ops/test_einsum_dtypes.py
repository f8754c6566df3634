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


@pytest.mark.parametrize("equation", ["i,j->ij", "ij,j->ij", "j,ij->ij", "ij,j->j", "i,i->i"])
def test_products_that_are_not_summed_promote(equation: str) -> None:
    # Angles of rotary embeddings are written so: einsum("i,j->ij", positions, frequencies).
    letters = equation.split("->")[0].split(",")
    sizes = {"i": 2, "j": 3}
    whole, real = (
        torch.arange(1, 1 + torch.Size([sizes[k] for k in each]).numel()).view(
            [sizes[k] for k in each]
        )
        for each in letters
    )
    x = (real * 0.5).requires_grad_()
    made = torch.einsum(equation, whole, x)
    expected = torch.einsum(equation, whole.float(), x)
    assert made.dtype is torch.float32
    assert torch.equal(made, expected)
    (gradient,) = torch.autograd.grad(made.sum(), x)
    assert torch.equal(gradient, torch.autograd.grad(expected.sum(), x)[0])
    assert torch.einsum(equation, whole, x.half()).dtype is torch.float16


def test_products_that_are_summed_do_not() -> None:
    with pytest.raises(RuntimeError, match="expected scalar type Float but found Long"):
        torch.einsum("ij,j->i", torch.ones(2, 3), torch.arange(3))
