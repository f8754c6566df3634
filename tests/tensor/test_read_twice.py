"""A tensor whose memory NumPy sees, read twice by one call, teaches the trie nothing wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import engine

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "mul": lambda a, b: a * b,
    "sub": lambda a, b: a - b,
    "where": lambda a, b: torch.where(torch.tensor([True, False]), a, b),
    "cat": lambda a, b: torch.cat([a, b]),
    "lerp": lambda a, b: torch.lerp(a, b, 0.25),
    "addcmul": lambda a, b: torch.addcmul(a, b, a),
    "clamp": lambda a, b: a.clamp(b, a),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_next_call_of_two_tensors(name: str) -> None:
    call = CALLS[name]
    engine.clear()
    expected = call(torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])).tolist()
    engine.clear()
    x = torch.tensor([4.0, 6.0])
    seen = x.numpy()
    call(x, x).tolist()
    a, b = torch.tensor([2.0, 3.0]), torch.tensor([5.0, 7.0])
    assert call(a, b).tolist() == expected
    shown = b.numpy()
    assert call(a, b).tolist() == expected
    assert seen is not None and shown is not None
