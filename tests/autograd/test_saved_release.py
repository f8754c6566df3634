"""What a hook made of a saved tensor goes with the backward pass, though the loss is kept."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


class _Kept:
    alive = 0

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        _Kept.alive += 1

    def __del__(self) -> None:
        _Kept.alive -= 1


@pytest.mark.parametrize("retain", [False, True])
def test_packed_objects_are_let_go(retain: bool) -> None:
    before = _Kept.alive
    x = torch.ones(3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(_Kept, lambda kept: kept.tensor):
        loss = (x.exp() * x).sum()
    made = _Kept.alive - before
    assert made > 0
    loss.backward(retain_graph=retain)
    assert _Kept.alive - before == (made if retain else 0)
    if retain:
        loss.backward()
        assert _Kept.alive == before
    else:
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()
    assert loss.item() > 0
