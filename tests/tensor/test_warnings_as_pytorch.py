"""What PyTorch warns of is warned of here, at the user's line: each time, or once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.base import warn as warning


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    told = set(warning._told)
    warning._told.clear()
    yield
    warning._told.update(told)


def _caught(function: Callable[[], Any], times: int = 1) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(times):
            function()
    # They are told at the user's line; what else a process says meanwhile (a file that another
    # test left to the collector) is somebody else's.
    return [each for each in caught if each.filename == __file__]


def _texts(function: Callable[[], Any]) -> list[str]:
    return [str(each.message) for each in _caught(function)]


def _graph() -> None:
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward(create_graph=True)


ONCE: list[tuple[str, Callable[[], Any]]] = [
    ("extremely slow", lambda: torch.tensor([np.ones(2), np.ones(2)])),
    ("array is not writable", lambda: torch.from_numpy(np.frombuffer(b"1234", np.uint8))),
    ("buffer is not writable", lambda: torch.frombuffer(b"1234", dtype=torch.uint8)),
    ("reference cycle", _graph),
    ("dimension other than 2", lambda: torch.ones(2, 3, 4).T),
    ("0-D tensors", lambda: torch.ones(()).T),
    ("torch.qr is deprecated", lambda: torch.qr(torch.eye(2))),
    ("torch.cholesky is deprecated", lambda: torch.eye(2).cholesky()),
    ("triangular_solve is", lambda: torch.triangular_solve(torch.ones(2, 1), torch.eye(2))),
    ("chain_matmul is", lambda: torch.chain_matmul(torch.eye(2), torch.eye(2))),
    ("deprecated as of PyTorch 2.1", lambda: torch.set_default_tensor_type(torch.FloatTensor)),
]


@pytest.mark.parametrize(("text", "function"), ONCE)
def test_once(text: str, function: Callable[[], Any]) -> None:
    (told,) = _caught(function, 2)
    assert text in str(told.message) and told.category is UserWarning
    assert told.filename == __file__


def test_each_time() -> None:
    mask = torch.ones(2, dtype=torch.uint8)
    assert len(_caught(lambda: torch.ones(2)[mask], 2)) == 2
    assert len(_caught(lambda: torch.autograd.Variable(mask, volatile=True))) == 1


@pytest.mark.parametrize("name", ["var", "std", "var_mean"])
def test_degrees_of_freedom(name: str) -> None:
    function = getattr(torch, name)
    (told,) = _caught(lambda: function(torch.ones(1, 7), 0))
    assert str(told.message).startswith(f"{name}(): degrees of freedom is <= 0")
    assert not _caught(lambda: function(torch.ones(2, 7), 0))
    kept = function(torch.ones(1, 8), 0)
    assert not _texts(lambda: kept[0].tolist() if name == "var_mean" else kept.tolist())


def test_nothing_is_said_of_matrices_and_writable_arrays() -> None:
    assert not _texts(lambda: torch.ones(2, 3).T)
    assert not _texts(lambda: torch.from_numpy(np.ones(2)))
    assert not _texts(lambda: torch.tensor(np.ones((2, 2))))
    assert not _texts(lambda: torch.linalg.cholesky(torch.eye(2)))


def test_std_mean_warns_once_of_too_few_elements():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        torch.std_mean(torch.ones(1, 1), 1)
    assert [str(each.message).split("(")[0] for each in told] == ["std_mean"]
