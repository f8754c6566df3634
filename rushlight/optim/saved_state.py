"""A parameter's optimiser state as users see it, as it is saved and as a step uses it."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor, float32, float64, get_default_dtype, tensor

# What PyTorch keeps as tensors of one number: between the steps of an optimiser of this package it
# is a Python number, that the next one can use without waiting for a computation.
NUMBERS = ("step", "mu_product", "eta", "mu")


def to_tensors(states: dict[Any, Any]) -> None:
    """The numbers of all parameters as tensors, for somebody who looks at them."""
    dtype = float64 if get_default_dtype() is float64 else float32
    for state in states.values():
        for name in NUMBERS:
            if type(state.get(name)) is float:
                state[name] = tensor(state[name], dtype=dtype)


def to_numbers(states: dict[Any, Any]) -> None:
    """The tensors that ``to_tensors`` makes, or that were loaded, as numbers."""
    for state in states.values():
        for name in NUMBERS:
            if isinstance(state.get(name), Tensor):
                state[name] = float(state[name])


def outside(state: Any) -> Any:
    """A parameter's state to be saved: a dict that no later step changes."""
    return {**state} if isinstance(state, dict) else state


def inside(param: Tensor, value: Any, name: str | None = None) -> Any:
    """A loaded state of ``param``: copied, in its dtype (but for the numbers)."""
    if name in NUMBERS:
        return value.clone() if isinstance(value, Tensor) else value
    if isinstance(value, Tensor):
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device, copy=True)
        return value.to(device=param.device, copy=True)
    if isinstance(value, dict):
        return {key: inside(param, each, key) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(inside(param, each) for each in value)
    return value
