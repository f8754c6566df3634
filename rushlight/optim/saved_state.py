"""A parameter's optimiser state as it is saved and as it is used."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor, float32, float64, get_default_dtype, tensor

# What PyTorch keeps as tensors of one number is a Python number here, so that a step can use it
# without waiting for a computation.
NUMBERS = frozenset({"step", "mu_product", "eta", "mu"})


def outside(state: Any) -> Any:
    """A parameter's state as it is saved: its numbers as tensors."""
    if isinstance(state, dict) and isinstance(state.get("step"), float):
        dtype = float64 if get_default_dtype() is float64 else float32
        return {
            name: tensor(value, dtype=dtype) if name in NUMBERS else value
            for name, value in state.items()
        }
    return state


def inside(param: Tensor, value: Any, name: str | None = None) -> Any:
    """A loaded state of ``param``: copied, in its dtype, its numbers as numbers."""
    if name in NUMBERS:
        return float(value)
    if isinstance(value, Tensor):
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device, copy=True)
        return value.to(device=param.device, copy=True)
    if isinstance(value, dict):
        return {key: inside(param, each, key) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(inside(param, each) for each in value)
    return value
