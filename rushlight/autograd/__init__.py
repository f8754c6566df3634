"""``torch.autograd``: backward, grad, Function, modes and checks."""

from __future__ import annotations

from typing import Any

from rushlight.autograd import anomaly_mode as anomaly_mode
from rushlight.autograd import forward_ad as forward_ad
from rushlight.autograd import function as function
from rushlight.autograd import functional as functional
from rushlight.autograd import grad_mode as grad_mode
from rushlight.autograd import graph as graph
from rushlight.autograd import profiler as profiler
from rushlight.autograd.function import Function
from rushlight.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from rushlight.base.warn import warn
from rushlight.tensor import Tensor, backward, grad
from rushlight.tensor.anomaly import detect_anomaly, set_detect_anomaly
from rushlight.tensor.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)  # fmt: skip


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """A tensor on the same memory: what a Variable was before PyTorch 0.4."""
    if volatile:
        warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.")
    made: Tensor = data.detach() if isinstance(data, Tensor) and data.requires_grad else data
    if not isinstance(made, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(made).__name__}")
    made = made._alias()
    if requires_grad:
        made.requires_grad = True
    return made


__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]  # fmt: skip
