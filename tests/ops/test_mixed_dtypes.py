"""Products of tensors of several dtypes: promoted where PyTorch promotes, else an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


EYE = torch.eye(3)
WIDE = torch.ones(3, 3, dtype=torch.float64)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: torch.addmv(WIDE[0], EYE, ROW), "same dtype"),
        (lambda: torch.addbmm(WIDE, EYE[None], EYE[None]), "same dtype"),
        (lambda: torch.cholesky_solve(WIDE, EYE), "found b of type Double and A of type Float"),
        (lambda: torch.cholesky_solve(EYE[:2], EYE), "Incompatible matrix sizes"),
        (lambda: torch.triangular_solve(WIDE, EYE), "found b of type Double and A of type Float"),
        (lambda: torch.linalg.solve_triangular(EYE, WIDE, upper=True), "same dtype"),
        (lambda: torch.ormqr(EYE, WIDE[0], EYE), "input and tau to have the same dtype"),
        (lambda: ROW.put(torch.tensor([0]), WIDE[0, :1]), "self and source expected to have"),
        (lambda: ROW.index_fill(0, torch.tensor([0]), 1j), "Converting complex Scalar"),
        (lambda: torch.lerp(ROW, ROW, 1j), "value cannot be converted"),
        (lambda: torch.nn.functional.leaky_relu(ROW, 1j), "value cannot be converted"),
        (lambda: torch.allclose(ROW, ROW, rtol=-1.0), "rtol must be greater than or equal to zero"),
    ],
)
def test_others_are_refused_in_words(call: Callable[[], Any], told: str) -> None:
    with pytest.raises(RuntimeError, match=told):
        call()
