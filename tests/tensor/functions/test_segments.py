"""segment_reduce: by hand, with gradients."""

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
