"""Corners of losses and sums as PyTorch 2.13 has them."""

from __future__ import annotations

import pytest

import rushlight as torch

F = torch.nn.functional


def test_triplet_loss_of_integers_is_fractional() -> None:
    a, b, c = (torch.tensor([[k, 2, 3 * k]]) for k in (1, 2, 5))
    assert F.triplet_margin_loss(a, b, c, margin=10.0).item() == pytest.approx(0.51317, abs=1e-4)


def test_loss_of_one_sample_has_the_shape_of_its_target() -> None:
    x = torch.tensor([0.1, 0.7, 0.2])
    assert F.multi_margin_loss(x, torch.tensor([1]), reduction="none").shape == (1,)
    assert F.multi_margin_loss(x, torch.tensor(1), reduction="none").shape == ()


def test_a_bool_summed_to_no_axes_is_counted() -> None:
    assert torch.tensor(True).sum_to_size(()).dtype is torch.int64


def test_tensordot_keeps_small_integers_when_it_broadcasts() -> None:
    a, b = torch.ones(1, 1, 1, dtype=torch.int32), torch.ones(2, 1, 2, dtype=torch.int32)
    found = torch.tensordot(a, b, ([0, 1], [2, 0]))
    assert found.dtype is torch.int32 and found.flatten().tolist() == [4]


def test_incomplete_gamma_of_vast_numbers() -> None:
    assert torch.igammac(torch.tensor(1e20), torch.tensor(1e20)).item() == 0.5
    assert torch.igamma(torch.tensor(2e10), torch.tensor(1e10)).item() == 0


def test_linear_cross_entropy_refuses_volumes() -> None:
    with pytest.raises(RuntimeError, match="dimensionality 1 or 2, got 3"):
        F.linear_cross_entropy(torch.ones(2, 3, 4), torch.ones(5, 4), torch.zeros(2, dtype=int))


def test_a_slice_filled_twice_has_its_slope_once() -> None:
    value = torch.tensor(3.0, requires_grad=True)
    x = torch.zeros(3, 2, requires_grad=True)
    found = torch.index_fill(x, 0, torch.tensor([1, 1, 1, -1]), value)
    found.sum().backward()
    assert found.tolist() == [[0, 0], [3, 3], [3, 3]]
    assert value.grad.item() == 4
    assert x.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


def test_response_norm_of_integers_is_fractional() -> None:
    found = F.local_response_norm(torch.tensor([[[1], [2], [3]]]), 2)
    assert found.flatten().tolist() == pytest.approx([1.0, 1.9997, 2.9987], abs=1e-4)


def test_integers_in_sums_and_losses() -> None:
    small = torch.ones(2, 2, dtype=torch.int32)
    assert torch.trace(small).dtype is torch.int64
    assert torch.masked.cumsum(small, 0).dtype is torch.int32
    found = F.poisson_nll_loss(torch.tensor([1, 2]), torch.tensor([3, 4]), reduction="none")
    assert found.tolist() == pytest.approx([-0.28172, -0.61094], abs=1e-4)
    a, b = torch.tensor([[1]], dtype=torch.uint8), torch.tensor([[6]], dtype=torch.uint8)
    assert F.pairwise_distance(a, b).item() == 251  # modulo 256


def test_unfold_copy_slides_windows() -> None:
    found = torch.unfold_copy(torch.arange(5), 0, 3, 2)
    assert found.tolist() == [[0, 1, 2], [2, 3, 4]]
