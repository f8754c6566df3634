"""Host functions of several results are called once for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import float64
from rushlight.ir import host
from rushlight.ir.graph import Node


def test_called_once_for_all_results(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def function(arrays: Any, params: Any) -> Any:
        calls.append(params)
        return arrays[0] + params[0], arrays[0] * 2

    monkeypatch.setitem(host.HOSTS, "two", host.Host("two", 2, function, False))
    x = np.array([1.0, -0.0])

    def result(place: int, number: float = 3) -> list[float]:
        node = Node("host", (), (2,), float64, {})
        return host.call("two", [x], (place, number), node).tolist()

    assert (result(0), result(1), len(calls)) == ([4, 3], [2, 0], 1)
    assert (result(0), len(calls)) == ([4, 3], 2)  # all of the first were taken
    assert (result(0), len(calls)) == ([4, 3], 3)  # the second of these was not, and is not now
    assert (result(1, 3.0), len(calls)) == ([2, 0], 4)  # another parameter
    x[1] = 5
    assert (result(0, 3.0), len(calls)) == ([4, 8], 5)  # the memory holds something else
