"""Muon."""

from __future__ import annotations

import math
from typing import Any

from rushlight.autograd import no_grad
from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.settings import check_rate_range, number
from rushlight.optim.ways import sparse_refused
from rushlight.tensor import zeros_like
from rushlight.tensor.wrap import function

addmm = function("addmm")


class Muon(Optimizer):
    """Steps along the momentum made (nearly) orthogonal, for matrices (Jordan et al. 2024).

    Source: https://kellerjordan.github.io/posts/muon/. Raises ValueError for parameters that are
    no matrices; biases and embeddings belong to another optimiser.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_rate_range(lr)
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with "
                        f"size: {param.size()}"
                    )

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        lr, momentum = number(group["lr"]), number(group["momentum"])
        with no_grad():
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if grad.is_sparse:
                    raise sparse_refused(self)
                if param.is_complex():
                    raise RuntimeError("Muon does not support complex parameters")
                state = self._state[param]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = zeros_like(grad)
                velocity = state["momentum_buffer"].lerp_(grad, 1 - momentum)
                move = grad.lerp(velocity, momentum) if group["nesterov"] else velocity
                move = orthogonal(move, group["ns_coefficients"], group["ns_steps"], group["eps"])
                param.mul_(1 - lr * group["weight_decay"])
                param.add_(move, alpha=-lr * _relative_rate(group["adjust_lr_fn"], param))


def orthogonal(x: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """A matrix with the singular vectors of ``x`` (M, N) and singular values near 1, in bfloat16.

    A Newton-Schulz iteration of fifth order: X <- a X + (b A + c A A) X with A = X X'.
    """
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if x.ndim != 2:
        raise ValueError("Input tensor gradient must be a 2D matrix")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    tall = x.size(0) > x.size(1)
    found = x.bfloat16()
    if tall:
        found = found.T
    found = found / found.norm().clamp(min=eps)  # no singular value is above 1 now
    for _ in range(steps):
        gram = found @ found.T
        found = addmm(found, addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return found.T if tall else found


def _relative_rate(rule: str | None, param: Any) -> float:
    rows, columns = param.shape[:2]
    if rule == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
