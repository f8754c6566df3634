"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import adagrad_step
from rushlight.optim.settings import check, check_rate, dense, number, rate
from rushlight.optim.ways import check_fused
from rushlight.tensor import Tensor, full_like
from rushlight.tensor.sparse.coo import SparseTensor


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al. 2011)."""

    _added_later: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "fused": None,
    }

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check("lr_decay value", lr_decay, lr_decay >= 0.0)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        start = initial_accumulator_value
        check("initial_accumulator_value value", start, start >= 0.0)
        check("epsilon value", eps, eps >= 0.0)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_fused(defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._start(group, param)
        self._as_numbers = True

    def _start(self, group: dict[str, Any], param: Tensor) -> None:
        state = self._state[param]
        state["step"] = 0.0
        start = group["initial_accumulator_value"]
        state["sum"] = full_like(param, complex(start, start) if param.is_complex() else start)

    def share_memory(self) -> None:
        """Move the sums into memory that other processes see."""
        for state in self._state.values():
            state["sum"].share_memory_()

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        by_step: dict[float, tuple[list[Any], list[Any], list[Any]]] = {}
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            if grad.__class__ is SparseTensor:
                if group["weight_decay"] != 0:
                    raise RuntimeError(
                        "weight_decay option is not compatible with sparse gradients"
                    )
                grad = dense(grad)
            state = self._state[param]
            if not state:
                self._start(group, param)
            state["step"] += 1.0
            lists = by_step.setdefault(state["step"], ([], [], []))
            lists[0].append(param)
            lists[1].append(grad)
            lists[2].append(state["sum"])
        lr, weight_decay = rate(group), number(group["weight_decay"])
        for step, (params, grads, sums) in by_step.items():
            adagrad_step.update(
                group,
                (*params, *sums),
                (params, grads, sums),
                (
                    -(lr / (1 + (step - 1) * number(group["lr_decay"]))),
                    weight_decay,
                    number(group["eps"]),
                ),
                (weight_decay != 0.0, group["maximize"]),
            )
