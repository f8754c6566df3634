"""Differentiating a graph: no term of a gradient is left out without a word."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.base.dtype import float64
from rushlight.ir import build
from rushlight.ir.primitives import PRIMITIVES
from rushlight.ops.derive import FLAT, cotangents
from rushlight.ops.primitive_rules.table import RULES


def test_every_primitive_has_a_slope_or_is_flat() -> None:
    sources = {"input", "scalar", "const", "iota"}
    assert set(PRIMITIVES) == {*RULES, *FLAT, *sources} & set(PRIMITIVES)


def test_a_primitive_without_a_rule_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "sin")
    x = build.const(0.5, (3,), float64)
    slope = build.unary("sin", x)
    with pytest.raises(NotImplementedError, match="'sin'"):
        cotangents([slope], [x], [x])


def test_the_derivative_of_lgamma_has_one_too() -> None:
    x = torch.tensor([1.3, 2.5, 0.7], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(torch.lgamma, x)
    assert torch.autograd.gradgradcheck(lambda t: torch.lgamma(t * t).sum(), x)
