"""What PyTorch says of inputs with too few axes, and what it only warns of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import nn

CASES: list[tuple[str, Callable[[], Any], type[Exception], str]] = [
    ("avg_pool2d", lambda: F.avg_pool2d(torch.ones(4), 2), IndexError, r"\[-1, 0\], but got -3"),
    ("lp_pool2d", lambda: F.lp_pool2d(torch.ones(4, 4), 2, 2), IndexError, "but got -3"),
    ("unfold", lambda: F.unfold(torch.ones(4, 4), 2), IndexError, r"\[-2, 1\], but got 2"),
    ("unpool", lambda: F.max_unpool2d(torch.ones(4), torch.ones(4).long(), 2), IndexError, "tuple"),
    ("transformer", lambda: nn.Transformer(4, 2, 1, 1, 4)(torch.ones(4), torch.ones(4)),
     IndexError, r"\[-1, 0\], but got 1"),
    ("linear", lambda: nn.Linear(3, 2)(torch.ones(())), RuntimeError, "but they are 0D and 2D"),
    ("linear weight", lambda: F.linear(torch.ones(3), torch.ones(2, 3, 4)), RuntimeError,
     "but self is 3D"),
    ("hardtanh", lambda: nn.Hardtanh(2, 1), AssertionError, r"\(1\) must be greater than min_val"),
    ("kernel", lambda: nn.Conv2d(3, 4, (3, 3, 3))(torch.ones(1, 3, 5, 5)), RuntimeError,
     "expected weight to be 4-D"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize(("name", "call", "error", "words"), CASES, ids=lambda x: str(x)[:12])
def test_errors(name: str, call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_other_channels_without_parameters_are_told() -> None:
    with pytest.warns(UserWarning, match="input's size at dim=1 does not match num_features"):
        assert nn.InstanceNorm1d(3)(torch.ones(2, 4, 3)).shape == (2, 4, 3)


def test_cross_map_normalisation() -> None:
    turned = torch.ones(2, 3, 4, 5).permute(0, 3, 1, 2)
    assert nn.CrossMapLRN2d(2)(turned).is_contiguous()
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type Long"):
        nn.CrossMapLRN2d(2)(turned.long())


def test_hardsigmoids_slope_in_doubles() -> None:
    x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    F.hardsigmoid(x).sum().backward()
    assert x.grad.item() == 0.1666666716337204  # as PyTorch's kernel has it
