"""Layers that PyTorch keeps with a warning."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight import nn


@pytest.mark.parametrize("make", [lambda: nn.Container(a=nn.Linear(1, 1)), nn.NLLLoss2d])
def test_each_new_one_warns_copies_too(make: Callable[[], nn.Module]) -> None:
    with pytest.warns(FutureWarning, match="deprecated") as made:
        module = make()
    assert [each.filename for each in made] == [__file__]
    with pytest.warns(FutureWarning, match="deprecated") as copied:
        copies = copy.deepcopy(module), pickle.loads(pickle.dumps(module))
    assert len(copied) == 2
    assert {repr(each) for each in copies} == {repr(module)}


def test_what_is_derived_from_one_does_not() -> None:
    class Derived(nn.Container):
        pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(Derived(a=nn.Linear(1, 1))._modules) == ["a"]


def test_counts_stay_whole_numbers_in_stirlings_term() -> None:
    counts = torch.tensor([0, 2, 5])
    rates = torch.zeros(3, dtype=torch.float64)
    term = counts * counts.log() - counts + 0.5 * (2 * torch.pi * counts).log()
    assert term.dtype is torch.float32
    loss = nn.PoissonNLLLoss(full=True, reduction="none")(rates, counts)
    assert loss.tolist() == [1.0, 1 + term[1].item(), 1 + term[2].item()]
    with pytest.raises(RuntimeError, match="bool"):
        nn.PoissonNLLLoss(full=True)(rates, counts > 1)
    grown = nn.PoissonNLLLoss(full=True)(rates.to(torch.complex64), counts)
    assert grown.dtype is torch.complex64
