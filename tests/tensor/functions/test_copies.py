"""Copied views share no memory; scattered parts are written into a copy, with gradients."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_a_copy_shares_nothing() -> None:
    x = torch.arange(6).reshape(2, 3)
    copied = torch.permute_copy(x, (1, 0))
    x[0, 1] = 70
    assert copied.tolist() == [[0, 3], [1, 4], [2, 5]]
    first, second = torch.unbind_copy(x)
    x.zero_()
    assert first.tolist() == [0, 70, 2]
    assert second.tolist() == [3, 4, 5]


def test_select_scatter_and_its_gradients() -> None:
    x = torch.zeros(2, 3, requires_grad=True)
    src = torch.tensor([1.0, 2.0], requires_grad=True)
    made = torch.select_scatter(x, src, 1, 2)
    assert made.tolist() == [[0, 0, 1], [0, 0, 2]]
    made.sum().backward()
    assert x.grad.tolist() == [[1, 1, 0], [1, 1, 0]]
    assert src.grad.tolist() == [1, 1]


def test_slice_and_diagonal_scatter() -> None:
    x = torch.zeros(3, 3)
    assert torch.slice_scatter(x, torch.ones(2, 3), 0, 0, 3, 2).tolist() == [
        [1, 1, 1], [0, 0, 0], [1, 1, 1],
    ]  # fmt: skip
    assert torch.diagonal_scatter(x, torch.ones(2), 1).tolist() == [
        [0, 1, 0], [0, 0, 1], [0, 0, 0],
    ]  # fmt: skip
    with pytest.raises(RuntimeError, match="size equal to"):
        x.select_scatter(torch.ones(2), 0, 0)


def test_ravel_leaves_no_gaps() -> None:
    x = torch.arange(10.0)
    part = x[::2].ravel()
    part[0] = 7.0
    assert part.stride() == (1,)
    assert x[0].item() == 0
    assert x.ravel().data_ptr() == x.data_ptr()


def test_broadcast_to_as_a_method_takes_sizes_one_by_one() -> None:
    assert torch.ones(3, 1).broadcast_to(2, 3, 4).shape == (2, 3, 4)  # type: ignore[attr-defined]


def test_copies_of_views_are_row_major() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    assert torch.permute_copy(x, (2, 0, 1)).stride() == (6, 3, 1)
    assert torch.diagonal_copy(x, dim1=1, dim2=2).stride() == (3, 1)
    assert torch.alias_copy(x.mT).stride() == (12, 3, 1)
    assert torch.unfold_copy(x, 2, 2, 1).stride() == (18, 6, 2, 1)


def test_narrow_refuses_two_starts() -> None:
    with pytest.raises(RuntimeError, match="0-dim integral"):
        torch.narrow(torch.ones(3, 4), 0, torch.tensor([0, 1]), 1)
