"""Optimisers on complex parameters: each part is a real parameter of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

RULES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}), ("RMSprop", {"lr": 0.1, "centered": True}), ("Adagrad", {"lr": 0.1}),
    ("Adadelta", {"lr": 0.1}), ("Adamax", {"lr": 0.1}), ("NAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1}), ("Rprop", {"lr": 0.1}), ("ASGD", {"lr": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), RULES)
def test_parts_are_updated_on_their_own(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    start, goal = (rng.standard_normal((3, 2)) for _ in range(2))

    def learned(of_pairs: Any, parameter: Any) -> Any:
        optimizer = getattr(torch.optim, name)([parameter], **options)
        for _ in range(4):
            optimizer.zero_grad()
            (of_pairs(parameter) - torch.tensor(goal)).pow(2).sum().backward()
            optimizer.step()
        return of_pairs(parameter).detach()

    whole = torch.nn.Parameter(torch.view_as_complex(torch.tensor(start)))
    parts = torch.nn.Parameter(torch.tensor(start))
    ours = learned(torch.view_as_real, whole)
    assert torch.allclose(ours, learned(lambda x: x, parts))
    assert not torch.allclose(ours, torch.tensor(start))
