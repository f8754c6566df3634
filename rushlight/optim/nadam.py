"""NAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import nadam_step
from rushlight.optim.settings import (
    check,
    check_moments,
    check_rate,
    moment_numbers,
    number,
    rate,
    single,
)
from rushlight.optim.together import together
from rushlight.tensor import Tensor, zeros_like


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016).

    ``foreach`` and ``capturable`` are accepted: all parameters are always one operation.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        check("momentum_decay value", momentum_decay, momentum_decay >= 0.0)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(group: dict[str, Any], param: Tensor, grad: Tensor) -> dict[str, Any]:
        return {
            "step": 0.0,
            "mu_product": 1.0,
            "exp_avg": zeros_like(param),
            "exp_avg_sq": zeros_like(param),
        }

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        beta1, beta2 = map(number, group["betas"])
        lr, weight_decay = rate(group), number(group["weight_decay"])
        decoupled, decay = group["decoupled_weight_decay"], number(group["momentum_decay"])
        numbers = ("step", "mu_product")
        for each in together(self, group, self._start, ("exp_avg", "exp_avg_sq"), numbers):
            step, product = each.numbers
            mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * decay))
            mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * decay))
            product = single(single(product) * single(mu))
            for state in each.states:
                state["mu_product"] = product
            means, squares = each.tensors
            nadam_step.update(
                group,
                (*each.params, *means, *squares),
                (each.params, each.grads, means, squares),
                (
                    -lr * (1.0 - mu) / (1.0 - product),
                    -lr * mu_next / (1.0 - product * mu_next),
                    1 - beta2**step,
                    *moment_numbers(group, beta1, beta2, lr, weight_decay),
                ),
                (1 - beta1 < 0.5, weight_decay != 0.0, decoupled, group["maximize"]),
            )
