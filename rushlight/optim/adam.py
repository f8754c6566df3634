"""Adam."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.base.hot import hot
from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import adam_step
from rushlight.optim.settings import (
    check_moments,
    check_pair,
    check_rate,
    moment_numbers,
    number,
    rate,
)
from rushlight.optim.ways import check_fused
from rushlight.tensor import Tensor, zeros_like


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square (Kingma and Ba 2014).

    ``decoupled_weight_decay`` makes it AdamW. ``foreach``, ``fused`` and ``capturable`` are
    accepted: all parameters of a group are always one operation.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "decoupled_weight_decay": False,
        "fused": None,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_rate(lr)
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_moments(eps, betas, weight_decay)
        check_pair(betas, together=bool(foreach) and not capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_fused(defaults)

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    @hot
    def _update(self, group: dict[str, Any]) -> None:
        amsgrad = group["amsgrad"]
        # Parameters that have seen as many gradients as each other: nearly always all of them.
        by_step: dict[float, tuple[list[Any], ...]] = {}
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            state = self._state[param]
            if not state:
                state["step"] = 0.0
                state["exp_avg"] = zeros_like(param)
                state["exp_avg_sq"] = zeros_like(param)
                if amsgrad:
                    state["max_exp_avg_sq"] = zeros_like(param)
            step = state["step"] + 1.0
            state["step"] = step
            lists = by_step.get(step)
            if lists is None:
                lists = by_step[step] = ([], [], [], [], [])
            lists[0].append(param)
            lists[1].append(grad)
            lists[2].append(state["exp_avg"])
            lists[3].append(state["exp_avg_sq"])
            if amsgrad:
                lists[4].append(state["max_exp_avg_sq"])
        for step, lists in by_step.items():
            self._update_together(group, step, lists)

    @hot
    def _update_together(
        self, group: dict[str, Any], step: float, lists: tuple[list[Any], ...]
    ) -> None:
        beta1, beta2 = map(number, group["betas"])
        lr, weight_decay = rate(group), number(group["weight_decay"])
        decoupled = group["decoupled_weight_decay"]
        params, grads, means, squares, largest = lists
        adam_step.update(
            group,
            (*params, *means, *squares, *largest),
            (params, grads, means, squares, largest),
            (
                -(lr / (1 - beta1**step)),
                (1 - beta2**step) ** 0.5,
                *moment_numbers(group, beta1, beta2, lr, weight_decay),
            ),
            (1 - beta1 < 0.5, group["amsgrad"], weight_decay != 0.0, decoupled, group["maximize"]),
        )
