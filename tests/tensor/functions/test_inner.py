"""Names of torch with an underscore; the numbers are PyTorch 2.13's."""

from __future__ import annotations

import math

import pytest

import rushlight as torch


def test_chunks_of_several_tensors_side_by_side() -> None:
    made = torch._chunk_cat([torch.arange(5.0), torch.arange(3.0)], 0, 2)
    assert made.tolist() == [[0, 1, 2, 0, 1], [3, 4, 0, 2, 0]]
    with pytest.raises(RuntimeError, match="positive num_chunks"):
        torch._chunk_cat([torch.ones(2)], 0, 0)
    with pytest.raises(RuntimeError, match="same sizes"):
        torch._chunk_cat([torch.ones(2, 3), torch.ones(3, 3)], 1, 2)
    with pytest.raises(RuntimeError, match="non-negative dim"):
        torch._chunk_cat([torch.ones(2, 3), torch.ones(3)], -1, 2)


def test_safe_softmax_of_nothing_is_zero_with_slope_zero() -> None:
    x = torch.tensor([[-math.inf, -math.inf], [0.0, -math.inf]], requires_grad=True)
    made = torch._safe_softmax(x, 1)
    assert made.tolist() == [[0, 0], [1, 0]]
    made.select(1, 0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_backward_data_is_the_gradient(name: str) -> None:
    x = torch.tensor([[0.5, 2.0, -1.0], [3.0, 3.0, 0.0]], requires_grad=True)
    made = getattr(torch, name)(x, 1)
    g = torch.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, 3.0]])
    (wanted,) = torch.autograd.grad(made, x, g)
    found = getattr(torch, f"_{name}_backward_data")(g, made.detach(), 1, torch.float32)
    torch.testing.assert_close(found, wanted)


def test_masked_indices_may_lie_outside() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    rows, columns = torch.tensor([[0], [7]]), torch.tensor([[2, -9]])
    mask = torch.tensor([[True, False], [False, False]])
    assert torch._unsafe_masked_index(x, mask, (rows, columns), -1).tolist() == [[2, -1], [-1, -1]]
    put = torch._unsafe_masked_index_put_accumulate
    assert put(x, mask, (rows, columns), torch.full((2, 2), 10.0)).tolist() == [
        [0, 1, 12],
        [3, 4, 5],
    ]


def test_batch_norm_with_and_without_statistics() -> None:
    x = torch.arange(8.0).reshape(4, 2)
    alone = torch._native_batch_norm_legit(x, None, None, True, 0.1, 1e-5)
    mean, var = torch.zeros(2), torch.ones(2)
    kept = torch._native_batch_norm_legit(x, None, None, mean, var, True, 0.1, 1e-5)
    assert torch.equal(alone[0], kept[0])
    assert torch.allclose(mean, torch.tensor([0.3, 0.4]))
