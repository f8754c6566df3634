"""RAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import radam_step
from rushlight.optim.settings import check_moments, check_rate, moment_numbers, number, rate
from rushlight.optim.together import together
from rushlight.tensor import Tensor, zeros_like


class RAdam(Optimizer):
    """Adam that steps by the mean alone until the variance is known well (Liu et al. 2019).

    ``foreach`` and ``capturable`` are accepted: all parameters are always one operation.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "capturable": False,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(group: dict[str, Any], param: Tensor, grad: Tensor) -> dict[str, Any]:
        return {"step": 0.0, "exp_avg": zeros_like(param), "exp_avg_sq": zeros_like(param)}

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        beta1, beta2 = map(number, group["betas"])
        lr, weight_decay = rate(group), number(group["weight_decay"])
        decoupled = group["decoupled_weight_decay"]
        for each in together(self, group, self._start, ("exp_avg", "exp_avg_sq")):
            step = each.numbers[0]
            correction = 1 - beta2**step
            # The paper's names: the length of the moving average, now and in the end.
            longest = 2 / (1 - beta2) - 1
            length = longest - 2 * step * beta2**step / correction
            rectification = 1.0
            if length > 5.0:
                above = (length - 4) * (length - 2) * longest
                rectification = (above / ((longest - 4) * (longest - 2) * length)) ** 0.5
            means, squares = each.tensors
            radam_step.update(
                group,
                (*each.params, *means, *squares),
                (each.params, each.grads, means, squares),
                (
                    lr,
                    1 - beta1**step,
                    correction**0.5,
                    rectification,
                    *moment_numbers(group, beta1, beta2, lr, weight_decay),
                ),
                (1 - beta1 < 0.5, length > 5.0, weight_decay != 0.0, decoupled, group["maximize"]),
            )
