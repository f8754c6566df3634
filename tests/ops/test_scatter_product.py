"""Gradients of products that meet at a place, once and twice, with and without zeros.

The numbers are those of PyTorch's gradient of the same products written out one by one.
"""

from __future__ import annotations

import pytest

import rushlight as torch

PLACES = torch.tensor([0, 1, 1, 1, 2])


def test_zeros_once_and_twice() -> None:
    x = torch.tensor([0, 2, 3, 0], dtype=torch.float64, requires_grad=True)
    s = torch.tensor([4, 2, 0, 5, 1.5], dtype=torch.float64, requires_grad=True)
    made = x.scatter_reduce(0, PLACES, s, "prod")
    weights = torch.tensor([1, -2, 0.5, 3], dtype=torch.float64)
    first = torch.autograd.grad((made * weights).sum(), (x, s), create_graph=True)
    assert first[0].tolist() == [4, 0, 0.75, 3]
    assert first[1].tolist() == [0, 0, -40, 0, 1.5]
    seeds = [torch.tensor(row, dtype=torch.float64)
             for row in ([1, 2, -1, 0.5], [0.3, -1, 2, 1, -2])]  # fmt: skip
    second = torch.autograd.grad(first, (x, s), seeds)
    assert second[0].tolist() == pytest.approx([0.3, -40, -1, 0])
    assert second[1].tolist() == pytest.approx([1, -40, -28, -16, -0.5])


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("zeros", [(), (1,), (1, 2), (1, 2, 3)])
def test_against_products_written_out(zeros: tuple[int, ...], include_self: bool) -> None:
    x = torch.tensor([1.5, 2, 3, -1], dtype=torch.float64, requires_grad=True)
    start = torch.tensor([4, 2, -0.5, 5, 1.5], dtype=torch.float64)
    start[list(zeros)] = 0
    s = start.requires_grad_()
    own = x if include_self else torch.ones(4, dtype=torch.float64)
    one = torch.stack([own[0] * s[0], own[1] * s[1] * s[2] * s[3], own[2] * s[4], x[3]])
    other = x.scatter_reduce(0, PLACES, s, "prod", include_self=include_self)
    torch.testing.assert_close(one, other)
    pairs = []
    for made in (one, other):
        first = torch.autograd.grad((made**2).sum(), (x, s), create_graph=True)
        total = (first[0] * torch.arange(4)).sum() + (first[1] * torch.arange(5)).sum()
        pairs.append([*first, *torch.autograd.grad(total, (x, s))])
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a, b)


def test_slices_at_an_index() -> None:
    x = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    s = torch.tensor([[2, 0], [3, 4]], dtype=torch.float64, requires_grad=True)
    made = x.index_reduce(0, torch.tensor([1, 1]), s, "prod")
    first = torch.autograd.grad(made.sum(), (x, s), create_graph=True)
    assert first[0].tolist() == [[1, 1], [6, 0]] and first[1].tolist() == [[3, 4], [2, 0]]
    second = torch.autograd.grad(first[0].sum() + first[1].sum(), (x, s))
    assert second[0].tolist() == [[0, 0], [5, 4]] and second[1].tolist() == [[4, 5], [3, 1]]
