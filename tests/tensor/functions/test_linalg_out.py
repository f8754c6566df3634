"""``out=`` of linear algebra, and norms that keep every axis."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_results_are_written_where_asked() -> None:
    x = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    out = torch.empty(2, 2)
    assert torch.linalg.inv(x, out=out) is out
    assert out.tolist() == [[0.5, 0], [0, 0.25]]
    sign, size = torch.empty(()), torch.empty(())
    torch.linalg.slogdet(x, out=(sign, size))
    assert (sign.item(), round(size.item(), 4)) == (1, 2.0794)


def test_norm_keeps_every_axis() -> None:
    x = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    kept = torch.linalg.norm(x, keepdim=True)
    assert (kept.shape, kept.item()) == ((1, 1), 5)


def test_resizing_out_warns() -> None:
    target = torch.zeros(2)
    with pytest.warns(UserWarning, match="was resized"):
        torch.add(torch.ones(3), 1, out=target)
    assert target.tolist() == [2, 2, 2]
