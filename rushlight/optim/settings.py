"""Settings of optimisers: checked when given, numbers when used."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.hot import hot
from rushlight.tensor import Tensor, float64, get_default_dtype
from rushlight.tensor.sparse.coo import SparseTensor


def check(name: str, value: Any, valid: bool) -> None:
    """Raise ValueError in PyTorch's words unless ``valid``."""
    if not valid:
        raise ValueError(f"Invalid {name}: {value}")


def check_rate(lr: Any) -> None:
    """Raise ValueError unless ``lr`` is a number or a tensor of one element, and not negative."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check("learning rate", lr, lr >= 0.0)


def check_moments(eps: float, betas: tuple[float, float], weight_decay: float) -> None:
    """What Adam and its kin ask of their settings, in PyTorch's order."""
    check("epsilon value", eps, eps >= 0.0)
    check("beta parameter at index 0", betas[0], 0.0 <= betas[0] < 1.0)
    check("beta parameter at index 1", betas[1], 0.0 <= betas[1] < 1.0)
    check("weight_decay value", weight_decay, weight_decay >= 0.0)


def check_pair(betas: Any, together: bool) -> None:
    """Raise ValueError unless Adam's ``betas`` are two floats, or two tensors of one element.

    ``together``: its parameters go in one call that knows numbers only.
    """
    kinds = [isinstance(beta, Tensor) for beta in betas]
    if not (all(kinds) or all(isinstance(beta, float) for beta in betas)):
        raise ValueError("betas must be either both floats or both Tensors")
    for place, beta in enumerate(betas if all(kinds) else ()):
        if together:
            raise ValueError(
                f"betas[{place}] as a Tensor is not supported for capturable=False and foreach=True"
            )
        if beta.numel() != 1:
            raise ValueError(f"Tensor betas[{place}] must be 1-element")


@hot
def number(value: Any) -> float:
    """A setting as a float; some may be given as whole numbers or tensors of one element."""
    return value if type(value) is float else float(value)


@hot
def rate(group: dict[str, Any]) -> Any:
    """A group's learning rate: a float, or the 0-d tensor that wants its gradient."""
    lr = group["lr"]
    if type(lr) is float:
        return lr
    if isinstance(lr, Tensor) and lr.requires_grad and group["differentiable"]:
        return lr.reshape(())
    return float(lr)


@hot
def moment_numbers(
    group: dict[str, Any], beta1: float, beta2: float, lr: Any, weight_decay: float
) -> tuple[Any, ...]:
    """What the rules of Adam, NAdam and RAdam take last: shares of the moments, eps, and the weight
    decay, or what it leaves of a parameter where it is decoupled."""
    decay = 1 - lr * weight_decay if group["decoupled_weight_decay"] else weight_decay
    return 1 - beta1, beta1, beta2, 1 - beta2, number(group["eps"]), decay


@hot
def dense(grad: Any) -> Any:
    """A gradient with all its zeros."""
    return grad.to_dense() if grad.__class__ is SparseTensor else grad


def single(value: float) -> float:
    """As PyTorch keeps a number from step to step: in float32, unless the default is float64."""
    return value if get_default_dtype() is float64 else float(np.float32(value))


def check_rate_range(lr: Any) -> None:
    """As ``check_rate``, in the words of PyTorch's newer optimisers."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
