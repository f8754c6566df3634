"""Private names of ``torch`` that libraries import from PyPI: they are there and do the same."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight._vmap_internals import _vmap
from rushlight.nn import _reduction, init


def test_reductions_as_numbers() -> None:
    assert [_reduction.get_enum(each) for each in ("none", "mean", "sum")] == [0, 1, 2]
    assert _reduction.legacy_get_enum(None, False, emit_warning=False) == 0
    with pytest.raises(ValueError, match="middle is not a valid value for reduction"):
        _reduction.get_enum("middle")


def test_vmap_under_its_old_address() -> None:
    assert _vmap(lambda x: x.sum())(torch.ones(3, 2)).tolist() == [2.0, 2.0, 2.0]
    with pytest.raises(NotImplementedError, match="allow_none_pass_through"):
        _vmap(lambda x: None, allow_none_pass_through=True)


def test_initialisers_without_gradients() -> None:
    weight = torch.nn.Parameter(torch.empty(3, 2))
    assert init._no_grad_fill_(weight, 0.5).sum().item() == 3.0
    assert init._no_grad_zero_(weight).sum().item() == 0.0
    torch.manual_seed(0)
    drawn = init._no_grad_normal_(weight, 0.0, 2.0).detach().clone()
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.empty(3, 2).normal_(0.0, 2.0))
    assert init._no_grad_uniform_(weight, 1.0, 2.0).min().item() >= 1.0
