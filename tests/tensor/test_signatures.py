"""inspect.signature of functions that are made from the op table."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (torch.sin, "(input, *, out=None)"),
        (torch.add, "(input, other, *, alpha=1, out=None)"),
        (torch.softmax, "(input, dim, dtype=None, *, out=None)"),
        (torch.sum, "(input, dim=None, keepdim=False, *, dtype=None, out=None)"),
        (torch.transpose, "(input, dim0, dim1)"),
        (torch.nn.functional.gelu, "(input, *, approximate='none')"),
        (torch.ones(2).sum, "(dim=None, keepdim=False, *, dtype=None, out=None)"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_signature_is_pytorchs(function: Any, shown: str) -> None:
    assert str(inspect.signature(function)) == shown


def test_a_call_can_be_bound() -> None:
    bound = inspect.signature(torch.add).bind(1, other=2)
    bound.apply_defaults()
    assert bound.arguments == {"input": 1, "other": 2, "alpha": 1, "out": None}
    with pytest.raises(TypeError, match="missing a required argument: 'other'"):
        inspect.signature(torch.add).bind(1)
