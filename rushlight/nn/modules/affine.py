"""The weight and bias that follow a normalisation."""

from __future__ import annotations

from typing import Any

from rushlight.nn import init
from rushlight.nn.modules.module import Module
from rushlight.nn.parameter import Parameter
from rushlight.tensor import empty


def register_affine(
    module: Module, shape: int | tuple[int, ...], weight: bool, bias: bool, made: dict[str, Any]
) -> None:
    """Give ``module`` a weight and a bias of ``shape``, still unset, or None where not wanted."""
    for name, wanted in (("weight", weight), ("bias", weight and bias)):
        module.register_parameter(name, Parameter(empty(shape, **made)) if wanted else None)


def reset_affine(module: Any) -> None:
    """Weight 1, bias 0, where they are."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
