"""The first values that most networks here begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight import nn


def fan_out(model: nn.Module, linear: Callable[[Any], None] | None = None) -> None:
    """Convolutions normal by what they lead to (He and others, 2015), norms 1 and 0.

    ``linear`` draws the weight of a Linear, whose bias becomes 0; without it they stay what they
    are. In the order of ``model.modules()``: the draws depend on it.
    """
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Conv3d)):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm)):
            nn.init.ones_(module.weight)
        elif linear is not None and isinstance(module, nn.Linear):
            linear(module.weight)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def narrow_normal(weight: Any) -> None:
    """Normal with standard deviation 0.01."""
    nn.init.normal_(weight, 0, 0.01)
