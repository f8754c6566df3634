"""Adamax."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import adamax_step
from rushlight.optim.settings import check_moments, check_rate, number, rate
from rushlight.optim.together import together
from rushlight.tensor import Tensor, zeros_like


class Adamax(Optimizer):
    """Adam under the infinity norm (Kingma and Ba 2014).

    ``foreach`` and ``capturable`` are accepted: all parameters are always one operation.
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
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(group: dict[str, Any], param: Tensor, grad: Tensor) -> dict[str, Any]:
        return {"step": 0.0, "exp_avg": zeros_like(param), "exp_inf": zeros_like(param)}

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        beta1, beta2 = map(number, group["betas"])
        lr, weight_decay = rate(group), number(group["weight_decay"])
        for each in together(self, group, self._start, ("exp_avg", "exp_inf")):
            means, largest = each.tensors
            adamax_step.update(
                group,
                (*each.params, *means, *largest),
                (each.params, each.grads, means, largest),
                (
                    -(lr / (1 - beta1 ** each.numbers[0])),
                    1 - beta1,
                    beta1,
                    beta2,
                    number(group["eps"]),
                    weight_decay,
                ),
                (1 - beta1 < 0.5, weight_decay != 0.0, group["maximize"]),
            )
