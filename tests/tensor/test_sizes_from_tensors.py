"""Sizes, axes and counts that are tensors or NumPy numbers mean their value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.nn import functional as F

X = torch.arange(24.0).view(2, 3, 4)
CALLS: dict[str, Callable[[Any], Any]] = {
    "view": lambda n: X.view(n, 12),
    "reshape": lambda n: X.reshape([n, -1]),
    "as_strided": lambda n: X.as_strided((n, 3), (n, 1), n),
    "expand": lambda n: X[:1].expand(n, 3, 4),
    "repeat": lambda n: X.repeat(n, 1, 1),
    "zeros": lambda n: torch.zeros(n, 3),
    "full": lambda n: torch.full((n,), 1.0),
    "new_zeros": lambda n: X.new_zeros(n, 2),
    "narrow": lambda n: X.narrow(0, 0, n),
    "unflatten": lambda n: X.unflatten(2, (n, 2)),
    "permute": lambda n: X.permute(n, 0, 1),
    "sum": lambda n: X.sum((0, n)),
    "split": lambda n: X.split(n, 2)[0],
    "split_list": lambda n: X.split([n, 2], 2)[0],
    "chunk": lambda n: X.chunk(n, 2)[0],
    "linspace": lambda n: torch.linspace(0, 1, n),
    "pad": lambda n: F.pad(X, (n, 1)),
    "avg_pool": lambda n: F.avg_pool1d(X, n),
    "softmax": lambda n: X.softmax(n),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("kind", [torch.tensor, np.int64, lambda n: torch.tensor(n).int()])
def test_a_tensor_for_a_number(name: str, kind: Callable[[int], Any]) -> None:
    call = CALLS[name]
    made, wanted = call(kind(2)), call(2)
    assert torch.equal(made, wanted) and all(type(size) is int for size in made.shape)


def test_of_a_tensor_of_one_its_element() -> None:
    assert X.view(torch.tensor([2]), 12).shape == (2, 12)
    assert torch.Size([torch.tensor(2), 3]) == (2, 3)
    for wrong in (1.5, "a", torch.tensor(1.0)):
        with pytest.raises(TypeError, match="takes an iterable of 'int'"):
            torch.Size([wrong])


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "all", "logsumexp", "nansum"])
def test_two_axes_have_to_be_a_tuple(name: str) -> None:
    getattr(X, name)(0, True)
    with pytest.raises(TypeError, match=r"argument 'keepdim' .*must be bool, not int"):
        getattr(X, name)(0, 1)
