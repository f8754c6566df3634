"""Rprop."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import rprop_step
from rushlight.optim.settings import check, check_rate, number
from rushlight.optim.together import together
from rushlight.tensor import Tensor, full_like, zeros_like


class Rprop(Optimizer):
    """Steps by the sign of the gradient alone, each as long as its history says.

    Riedmiller and Braun 1993. ``foreach`` and ``capturable`` are accepted.
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
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check("eta values", f"{etas[0]}, {etas[1]}", 0.0 < etas[0] < 1.0 < etas[1])
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(group: dict[str, Any], param: Tensor, grad: Tensor) -> dict[str, Any]:
        rate = number(group["lr"])  # of both parts
        return {
            "step": 0.0,
            "prev": zeros_like(param),
            "step_size": full_like(grad, complex(rate, rate) if grad.is_complex() else rate),
        }

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        shrink, grow = map(number, group["etas"])
        smallest, largest = map(number, group["step_sizes"])
        for each in together(self, group, self._start, ("prev", "step_size")):
            previous, sizes = each.tensors
            rprop_step.update(
                group,
                (*each.params, *previous, *sizes),
                (each.params, each.grads, previous, sizes),
                (shrink, grow, smallest, largest),
                (group["maximize"],),
            )
