"""A parameter's optimiser state as it is saved and as it is used."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor, tensor
from rushlight.tensor import float32 as step_dtype


def outside(state: Any) -> Any:
    """A parameter's state as it is saved: the step count, a Python number here, as a tensor."""
    if isinstance(state, dict) and isinstance(state.get("step"), float):
        return {
            name: tensor(value, dtype=step_dtype) if name == "step" else value
            for name, value in state.items()
        }
    return state


def inside(param: Tensor, value: Any, name: str | None = None) -> Any:
    """A loaded state of ``param``: copied, in its dtype, the step count as a number."""
    if name == "step":
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
