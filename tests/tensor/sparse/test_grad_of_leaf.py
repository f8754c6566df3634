"""autograd.grad of a sparse leaf: the gradient of the elements it keeps, at their places."""

from __future__ import annotations

import pytest

import rushlight as torch


def _leaf() -> torch.Tensor:
    places = torch.tensor([[0, 1], [1, 0]])
    return torch.sparse_coo_tensor(places, torch.tensor([2.0, 3.0]), (2, 2)).requires_grad_()


def test_grad_of_a_sparse_leaf_is_sparse() -> None:
    sparse, dense = _leaf(), torch.ones(2, 2, requires_grad=True)
    found, beside = torch.autograd.grad(
        (torch.sparse.mm(sparse, dense) ** 2).sum(), (sparse, dense)
    )
    assert found.is_sparse
    assert found._indices().tolist() == [[0, 1], [1, 0]]
    assert found._values().tolist() == [8.0, 12.0]
    assert beside.tolist() == [[18.0, 18.0], [8.0, 8.0]]


def test_a_sparse_leaf_that_was_not_used() -> None:
    sparse, dense = _leaf(), torch.ones(2, requires_grad=True)
    assert torch.autograd.grad(dense.sum(), sparse, allow_unused=True) == (None,)
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        torch.autograd.grad(dense.sum(), sparse)
