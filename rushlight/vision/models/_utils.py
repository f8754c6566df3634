"""What torchvision's models share, under torchvision's names: programs import from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushlight import nn
from rushlight.vision.models.construct import (
    _ovewrite_named_param,
    _ovewrite_value_param,
    handle_legacy_interface,
)

__all__ = [
    "IntermediateLayerGetter",
    "_make_divisible",
    "_ovewrite_named_param",
    "_ovewrite_value_param",
    "handle_legacy_interface",
]


class IntermediateLayerGetter(nn.ModuleDict):
    """The first layers of ``model`` one after the other, and what the named ones gave.

    ``return_layers`` maps names of direct children to names in the result, a dict. Children behind
    the last one named are left out. Raises ValueError for a name that is no child.

    >>> from rushlight.vision import models
    >>> import rushlight as torch
    >>> body = IntermediateLayerGetter(models.resnet18(), {"layer1": "low", "layer2": "high"})
    >>> [(name, tuple(x.shape)) for name, x in body(torch.zeros(1, 3, 32, 32)).items()]
    [('low', (1, 64, 8, 8)), ('high', (1, 128, 4, 4))]
    """

    _version = 2

    def __init__(self, model: nn.Module, return_layers: Mapping[str, str]) -> None:
        children = dict(model.named_children())
        if not set(return_layers) <= set(children):
            raise ValueError("return_layers are not present in model")
        waiting = {str(name) for name in return_layers}
        kept = {}
        for name, child in children.items():
            kept[name] = child
            waiting.discard(name)
            if not waiting:
                break
        super().__init__(kept)
        self.return_layers = return_layers

    def forward(self, x: Any) -> dict[str, Any]:
        out = {}
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of ``divisor`` nearest to ``v``, but not under nine tenths of it.

    >>> _make_divisible(35.0, 8), _make_divisible(11.0, 8), _make_divisible(1.0, 8)
    (32, 16, 8)
    """
    least = divisor if min_value is None else min_value
    near = max(least, int(v + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * v else near
