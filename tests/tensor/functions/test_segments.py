"""segment_reduce and pdist: by hand, with gradients."""

from __future__ import annotations

import math

import pytest

import rushlight as torch


def test_segment_reduce() -> None:
    x = torch.tensor([1.0, 2.0, 4.0, 8.0], requires_grad=True)
    lengths = torch.tensor([1, 0, 3])
    assert torch.segment_reduce(x, "sum", lengths=lengths).tolist() == [1, 0, 14]
    assert torch.segment_reduce(x, "max", lengths=lengths).tolist() == [1, -math.inf, 8]
    mean = torch.segment_reduce(x, "mean", offsets=torch.tensor([0, 2, 4]))
    assert mean.tolist() == [1.5, 6]
    mean[1].backward()
    assert x.grad.tolist() == [0, 0, 0.5, 0.5]
    with pytest.raises(RuntimeError, match="to sum to"):
        torch.segment_reduce(x, "sum", lengths=torch.tensor([1, 1]))


def test_pdist() -> None:
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    assert torch.pdist(x).tolist() == pytest.approx([5.0, 1.0, math.sqrt(18)])
    assert torch.pdist(x, 1).tolist() == [7, 1, 6]
    with pytest.raises(RuntimeError, match="2D"):
        torch.pdist(x[0])
