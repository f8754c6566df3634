"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import adadelta_step
from rushlight.optim.settings import check, check_rate, number, rate
from rushlight.tensor import Tensor, zeros_like


class Adadelta(Optimizer):
    """Steps scaled by running means of squared gradients and of squared steps (Zeiler 2012)."""

    _added_later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check("rho value", rho, 0.0 <= rho <= 1.0)
        check("epsilon value", eps, eps >= 0.0)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        params: list[Any] = []
        grads: list[Any] = []
        squares: list[Any] = []
        deltas: list[Any] = []
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            state = self._state[param]
            if not state:
                state["step"] = 0.0
                state["square_avg"] = zeros_like(param)
                state["acc_delta"] = zeros_like(param)
            state["step"] += 1.0
            params.append(param)
            grads.append(grad)
            squares.append(state["square_avg"])
            deltas.append(state["acc_delta"])
        if not params:
            return
        rho, weight_decay = number(group["rho"]), number(group["weight_decay"])
        adadelta_step.update(
            group,
            (*params, *squares, *deltas),
            (params, grads, squares, deltas),
            (-rate(group), rho, 1 - rho, number(group["eps"]), weight_decay),
            (weight_decay != 0.0, group["maximize"]),
        )
