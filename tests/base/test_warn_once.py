"""What PyTorch warns of in programs of earlier years: once, or at each line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import Variable
from rushlight.base import warn as told

matrix = torch.eye(3) * 4


@pytest.mark.parametrize(
    ("call", "start"),
    [
        (lambda: torch.qr(matrix), "torch.qr is deprecated in favor of torch.linalg.qr"),
        (lambda: matrix.cholesky(), "torch.cholesky is deprecated in favor of"),
        (lambda: torch.triangular_solve(matrix, matrix), "torch.triangular_solve is deprecated"),
        (lambda: torch.chain_matmul(matrix, matrix), "torch.chain_matmul is deprecated"),
        (lambda: torch.set_default_tensor_type("torch.FloatTensor"), "torch.set_default_tensor_"),
        (
            lambda: torch.sparse.FloatTensor(2, 3),
            "torch.sparse.SparseTensor(indices, values, shape",
        ),
    ],
)
def test_said_once(call: Callable[[], Any], start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "_told", set())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
        call()
    assert [str(each.message).startswith(start) for each in caught] == [True]
    assert caught[0].filename == __file__


def test_said_each_time() -> None:
    with pytest.warns(UserWarning, match="torch.uint8 is now deprecated"):
        assert matrix[(matrix > 0).byte()].tolist() == [4.0] * 3
    with pytest.warns(UserWarning, match="volatile was removed"):
        Variable(matrix, volatile=True)
