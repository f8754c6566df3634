"""Functions of ``torch`` that are mostly methods; numbers computed once with PyTorch 2.13."""

from __future__ import annotations

import pytest

import rushlight as torch

T = torch.arange(6.0).reshape(2, 3)


def test_put_counts_elements_row_by_row() -> None:
    places = torch.tensor([0, 5])
    assert torch.put(T, places, torch.tensor([9.0, 8.0])).tolist() == [[9, 1, 2], [3, 4, 8]]
    twice = torch.put(T, torch.tensor([0, 0]), torch.tensor([9.0, 8.0]), accumulate=True)
    assert twice.tolist() == [[17, 1, 2], [3, 4, 5]]
    assert T[0, 0] == 0


def test_range_includes_its_end() -> None:
    with pytest.warns(UserWarning, match=r"torch\.range is deprecated"):
        assert torch.range(0, 3).tolist() == [0, 1, 2, 3]
    with pytest.warns(UserWarning, match=r"torch\.range is deprecated"):
        assert torch.range(1, 2, 0.5).tolist() == [1, 1.5, 2]
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="inconsistent with step"):
        torch.range(3, 1)


def test_vander() -> None:
    x = torch.tensor([1, 2, 3])
    assert torch.vander(x).tolist() == [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    assert torch.vander(x, 2, increasing=True).tolist() == [[1, 1], [1, 2], [1, 3]]
    assert torch.vander(x, 0).shape == (3, 0)
    with pytest.raises(RuntimeError, match="one-dimensional"):
        torch.vander(T)


def test_norms_of_matrices() -> None:
    assert torch.nuclear_norm(T).item() == pytest.approx(8.3485, abs=1e-4)
    assert torch.frobenius_norm(T, 1, True).flatten().tolist() == pytest.approx(
        [2.2361, 7.0711], abs=1e-4
    )


def test_written_in_place() -> None:
    x = T.clone()
    assert torch.fill_(x, 3) is x
    assert torch.zero_(x).sum() == 0
    assert torch.resize_as_(x, torch.ones(3)).shape == (3,)
    assert torch.feature_dropout_(T.clone(), 1.0, True).abs().sum() == 0


def test_convolution_takes_every_rank_and_direction() -> None:
    x, w = torch.ones(1, 1, 4), torch.ones(1, 1, 2)
    plain = torch.convolution(x, w, None, [1], [0], [1], False, [0], 1)
    assert plain.flatten().tolist() == [2, 2, 2]
    back = torch.convolution(x, w, None, [2], [0], [1], True, [1], 1)
    assert torch.equal(back, torch.conv_transpose1d(x, w, None, 2, 0, 1))


def test_control_flow() -> None:
    assert torch.cond(torch.tensor(False), lambda x: x + 1, lambda x: x - 1, (3,)) == 2
    (count,) = torch.while_loop(lambda i: i < 3, lambda i: (i + 1,), (torch.tensor(0),))
    assert count.item() == 3


def test_native_dropout_gives_its_mask() -> None:
    x = torch.full((1000,), 3.0)
    out, mask = torch.native_dropout(x, 0.5, True)
    assert mask.dtype is torch.bool
    assert torch.equal(out, torch.where(mask, 6.0, 0.0))


def test_as_strided_of_a_view_of_another_shape_than_its_storage() -> None:
    x = torch.arange(4.0).reshape(4, 1, 1).requires_grad_()
    window = x.view(2, 2).flatten().as_strided((2, 2), (2, 1))
    (window * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().tolist() == [1, 2, 3, 4]


def test_as_strided_beside_its_input_and_through_shared_places() -> None:
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    # PyTorch 2.13 printed all of these.
    odd = torch.arange(12.0)[1::2].detach().requires_grad_()
    window = odd.as_strided((2, 2), (1, 2), 0)
    assert window.tolist() == [[0, 2], [1, 3]]
    (slope,) = torch.autograd.grad((window * weights).sum(), odd)
    assert slope.tolist() == [3, 4, 0, 0, 0, 0]
    row = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    both = row.expand(2, 3)
    window = both.as_strided((3, 2), (1, 0), 0)
    slopes = torch.autograd.grad((window * torch.arange(6.0).reshape(3, 2)).sum(), (both, row))
    assert [each.tolist() for each in slopes] == [[[0.5, 2.5, 4.5]] * 2, [1, 5, 9]]


def test_as_strided_of_a_turned_view_written_through() -> None:
    weights = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    leaf = torch.arange(12.0, requires_grad=True)
    whole = leaf * 1
    turned = whole.view(3, 4).t()
    window = turned.as_strided((2, 2), (4, 2), 1)
    slopes = torch.autograd.grad((window * weights).sum(), (turned, leaf), retain_graph=True)
    assert slopes[0].tolist() == [[0, 0, 0], [1, 3, 0], [0, 0, 0], [2, 4, 0]]
    assert slopes[1].tolist() == [0, 1, 0, 2, 0, 3, 0, 4, 0, 0, 0, 0]
    whole.mul_(3.0)
    assert window.tolist() == [[3, 9], [15, 21]]
    window.mul_(2.0)
    (slope,) = torch.autograd.grad((whole * torch.arange(12.0)).sum(), leaf)
    assert slope.tolist() == [0, 6, 6, 18, 12, 30, 18, 42, 24, 27, 30, 33]


def test_second_gradient_of_as_strided_beside_its_input() -> None:
    x = torch.arange(6.0, dtype=torch.float64).requires_grad_()
    window = (x * x).reshape(2, 3)[:, 1:].as_strided((2, 2), (1, 1), 0)
    (slope,) = torch.autograd.grad((window**3).sum(), x, create_graph=True)
    assert slope.tolist() == [0, 12, 192, 0, 0, 0]
    (second,) = torch.autograd.grad((slope * slope).sum(), x)
    assert second.tolist() == [0, 1440, 184320, 0, 0, 0]


def test_as_strided_scatter_keeps_the_memory_of_its_input() -> None:
    odd = torch.arange(12.0)[1::2]
    made = torch.as_strided_scatter(odd, torch.full((2, 2), -1.0), (2, 2), (1, 2), 0)
    assert made.tolist() == [-1, -1, 5, 7, 9, 11]
    assert (made.stride(), made.storage_offset()) == ((2,), 1)
    with pytest.raises(RuntimeError, match="contiguous"):
        torch.as_strided_scatter(odd.requires_grad_(), torch.zeros(2), (2,), (1,), 0)
