"""RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import rmsprop_step
from rushlight.optim.settings import check, check_rate, number, rate
from rushlight.tensor import Tensor, zeros_like


class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients (Hinton).

    ``centered`` subtracts the square of their mean. ``foreach`` and ``capturable`` are accepted.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "momentum": 0,
        "centered": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check("epsilon value", eps, eps >= 0.0)
        check("momentum value", momentum, momentum >= 0.0)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        check("alpha value", alpha, alpha >= 0.0)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        momentum, centered = number(group["momentum"]), group["centered"]
        params: list[Any] = []
        grads: list[Any] = []
        squares: list[Any] = []
        means: list[Any] = []
        velocities: list[Any] = []
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            state = self._state[param]
            if not state:
                state["step"] = 0.0
                state["square_avg"] = zeros_like(param)
                if momentum > 0:
                    state["momentum_buffer"] = zeros_like(param)
                if centered:
                    state["grad_avg"] = zeros_like(param)
            state["step"] += 1.0
            params.append(param)
            grads.append(grad)
            squares.append(state["square_avg"])
            if momentum > 0:
                velocities.append(state["momentum_buffer"])
            if centered:
                means.append(state["grad_avg"])
        if not params:
            return
        alpha, weight_decay = number(group["alpha"]), number(group["weight_decay"])
        rmsprop_step.update(
            group,
            (*params, *squares, *means, *velocities),
            (params, grads, squares, means, velocities),
            (-rate(group), alpha, 1 - alpha, number(group["eps"]), weight_decay, momentum),
            (1 - alpha < 0.5, centered, momentum > 0, weight_decay != 0.0, group["maximize"]),
        )
