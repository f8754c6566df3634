"""Tables of interned things: what is in use stays the same thing."""

from __future__ import annotations

import math

import pytest

import rushlight as torch
from rushlight.engine import call, clear, value
from rushlight.ops.table import OPS


def test_full_tables_keep_what_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value, "_METAS", {})
    monkeypatch.setattr(value, "_METAS_LIMIT", 8)
    monkeypatch.setattr(call, "_CALLS", {})
    monkeypatch.setattr(call, "_CALLS_LIMIT", 8)
    meta = value.meta_of((5, 4), torch.float32)
    view = call.op_call(OPS["view"], (call.TENSOR, (5, 4)))
    for size in range(20, 50):
        value.meta_of((size, 3), torch.float32)
        call.op_call(OPS["view"], (call.TENSOR, (size, 3)))
    assert len(value._METAS) <= 8
    assert len(call._CALLS) <= 8
    assert value.meta_of((5, 4), torch.float32) is meta
    assert call.op_call(OPS["view"], (call.TENSOR, (5, 4))) is view


def test_tables_that_are_in_use_are_emptied_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(value, "_METAS", {})
    monkeypatch.setattr(value, "_METAS_LIMIT", 8)
    held = [value.meta_of((size, 3), torch.float32) for size in range(30)]
    assert len(value._METAS) <= 8
    assert [each.shape[0] for each in held] == [*range(30)]


def test_gradients_of_ever_new_sizes_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    clear()
    monkeypatch.setattr(call, "_CALLS", {})
    monkeypatch.setattr(call, "GRADIENTS_LIMIT", 8)
    for size in range(901, 941):
        x = torch.full((size,), 0.5, requires_grad=True)
        x.sin().sum().backward()
        assert x.grad[size - 1].item() == pytest.approx(math.cos(0.5))
    sine = call.op_call(OPS["sin"], (call.TENSOR,))
    assert 0 < len(sine._gradients) <= 8
    clear()
