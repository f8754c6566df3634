"""ASGD."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import asgd_step
from rushlight.optim.settings import check, check_rate, number, single
from rushlight.optim.together import together
from rushlight.tensor import Tensor, zeros_like


class ASGD(Optimizer):
    """Gradient descent that keeps the mean of the points it passed (Polyak and Juditsky 1992).

    ``state[param]["ax"]`` is the mean. ``foreach`` and ``capturable`` are accepted.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(group: dict[str, Any], param: Tensor, grad: Tensor) -> dict[str, Any]:
        eta = single(number(group["lr"]))
        return {"step": 0.0, "eta": eta, "mu": 1.0, "ax": zeros_like(param)}

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        lr, weight_decay = number(group["lr"]), number(group["weight_decay"])
        lambd = number(group["lambd"])
        for each in together(self, group, self._start, ("ax",), ("step", "eta", "mu")):
            step, eta, mu = each.numbers
            (averages,) = each.tensors
            asgd_step.update(
                group,
                (*each.params, *averages),
                (each.params, each.grads, averages),
                (-eta, 1 - lambd * eta, mu, weight_decay),
                (mu != 1, weight_decay != 0.0, group["maximize"]),
            )
            eta = single(lr / (1 + lambd * lr * step) ** number(group["alpha"]))
            mu = single(1 / max(1, step - number(group["t0"])))
            for state in each.states:
                state["eta"], state["mu"] = eta, mu
