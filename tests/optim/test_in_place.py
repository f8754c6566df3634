"""Updates land in memory that a step has anyway."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.compiler import pipeline
from rushlight.compiler.plan import SameAs


def test_an_update_is_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    plan_memory, counts = pipeline.plan_memory, []

    def counted(*facts: Any) -> Any:
        layout = plan_memory(*facts)
        counts.append(sum(isinstance(output, SameAs) for output in layout.outputs))
        return layout

    monkeypatch.setattr(pipeline, "plan_memory", counted)
    weight = torch.nn.Parameter(torch.ones(67))
    optimizer = torch.optim.SGD([weight], lr=0.5, momentum=0.5)
    for _ in range(4):
        optimizer.zero_grad()
        (weight * 2).sum().backward()
        optimizer.step()
    assert weight[0].item() == 1 - (1 + 1.5 + 1.75 + 1.875)
    assert max(counts) == 2  # weight and momentum
