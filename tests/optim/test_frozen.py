"""Eight steps of each optimiser: the numbers that PyTorch 2.13 gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

FOUND: dict[str, tuple[dict[str, Any], list[float]]] = {
    "Adamax": ({}, [0.9840749, -1.9841096, 0.4853992, 0.2660129, 3.0, -1.0159576]),
    "NAdam": ({}, [0.9871401, -1.987121, 0.4862372, 0.2628126, 3.0, -1.0127784]),
    "RAdam": (
        {"lr": 0.1, "betas": (0.9, 0.9)},
        [0.6084791, -1.1067808, 0.1693201, 0.8132537, 3.0, -1.3409249],
    ),
    "Rprop": ({}, [0.8350092, -1.8350092, 0.3350091, 0.4149909, 3.0, -1.1649908]),
    "ASGD": (
        {"lr": 0.1, "t0": 2},
        [0.4373518, -0.8681972, -0.5201437, 0.9132157, 2.9997597, -1.3185124],
    ),
    "Adafactor": ({}, [0.9270037, -1.850921, 0.3886837, 0.4288656, 3.0, -1.1521792]),
    "Muon": ({"lr": 0.1}, [0.7359827, -1.2893242, 0.2534102, 0.8708236, 2.8010397, -1.2809473]),
    "SGD": (
        {"lr": 0.1, "momentum": 0.9},
        [-1.0897943, -0.2733427, -0.9423091, 2.143487, 3.0, -1.8752778],
    ),
    "AdamW": ({}, [0.9919176, -1.9918361, 0.4919076, 0.2579793, 2.9997597, -1.0079172]),
}


@pytest.mark.parametrize("name", FOUND)
def test_eight_steps(name: str) -> None:
    settings, wanted = FOUND[name]
    param = torch.nn.Parameter(torch.tensor([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]))
    factor = torch.tensor([[1.0, 2, 3], [-1, 0, 1]])
    optimizer = getattr(torch.optim, name)([param], **settings)
    for step in range(8):
        if step == 4:  # as if it had been saved and loaded
            saved = optimizer.state_dict()
            optimizer = getattr(torch.optim, name)([param], **settings)
            optimizer.load_state_dict(saved)
        optimizer.zero_grad()
        (param * factor).sin().sum().backward()
        optimizer.step()
    np.testing.assert_allclose(param.detach().numpy().ravel(), wanted, rtol=2e-6)


def test_sparse_adam_says_what_dense_gradients_need() -> None:
    param = torch.nn.Parameter(torch.ones(3))
    param.sum().backward()
    with pytest.raises(RuntimeError, match="please consider Adam instead"):
        torch.optim.SparseAdam([param]).step()


def test_lbfgs_finds_the_minimum() -> None:
    point = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=torch.float64))
    optimizer = torch.optim.LBFGS([point], max_iter=60, line_search_fn="strong_wolfe")

    def valley() -> Any:
        optimizer.zero_grad()
        loss = (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2
        loss.backward()
        return loss

    optimizer.step(valley)
    np.testing.assert_allclose(point.detach().numpy(), [1.0, 1.0], atol=1e-4)
