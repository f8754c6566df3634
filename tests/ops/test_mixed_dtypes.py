"""Products of tensors of several dtypes: promoted where PyTorch promotes, else an error."""

from __future__ import annotations

import pytest

import rushlight as torch

ROW = torch.arange(3.0)


def test_addr_promotes() -> None:
    square = torch.ones(3, 3)
    assert torch.addr(square, ROW.double(), ROW).dtype is torch.float64
    assert torch.addr(square.double(), ROW, ROW).tolist()[2] == [1.0, 3.0, 5.0]
    assert torch.addr(square.long(), ROW, ROW).dtype is torch.float32
    assert torch.addr(square.long(), ROW.long(), ROW.long()).dtype is torch.int64
    wanted = ROW.clone().requires_grad_()
    torch.addr(square.double(), wanted, ROW.double()).sum().backward()
    assert wanted.grad is not None and wanted.grad.dtype is torch.float32
    assert wanted.grad.tolist() == [3.0, 3.0, 3.0]


def test_distances_and_recurrent_layers_refuse() -> None:
    square = torch.ones(3, 3)
    with pytest.raises(RuntimeError, match="cdist: expected all tensors to have the same dtype"):
        torch.cdist(square, square.double())
    layer = torch.nn.LSTM(3, 2)
    with (
        torch.autocast("cpu"),
        pytest.raises(RuntimeError, match="lstm: expected all tensors to have the same dtype"),
    ):
        layer(torch.ones(4, 1, 3, dtype=torch.float64))
