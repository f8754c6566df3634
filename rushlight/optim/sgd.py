"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT, check, number
from rushlight.optim.recorded import refuse_differentiable, sgd_step
from rushlight.tensor import Tensor


class SGD(Optimizer):
    """p -= lr * g, with momentum, Nesterov momentum and weight decay if wanted.

    ``foreach`` and ``fused`` are accepted: all parameters of a group are always one operation.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        check("learning rate", lr, lr >= 0.0)
        check("momentum value", momentum, momentum >= 0.0)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        refuse_differentiable("SGD", differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("nesterov", False)
            group.setdefault("maximize", False)
            group.setdefault("foreach", None)
            group.setdefault("differentiable", False)
            group.setdefault("fused", False)

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        momentum = number(group["momentum"])
        first: tuple[list[Any], list[Any], list[Any], list[Any]] = ([], [], [], [])
        later: tuple[list[Any], list[Any], list[Any], list[Any]] = ([], [], [], [])
        state = self.state
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            known = later
            if momentum:
                mine = state[param]
                velocity = mine.get("momentum_buffer")
                known = first if velocity is None else later
                known[2].append(velocity)
                known[3].append(mine)
            known[0].append(param)
            known[1].append(grad)
        for starts, (params, grads, velocities, states) in ((True, first), (False, later)):
            if not params:
                continue
            weight_decay = number(group["weight_decay"])
            results = sgd_step(
                params,
                grads,
                [] if starts else velocities,
                -number(group["lr"]),
                momentum,
                1.0 - number(group["dampening"]),
                weight_decay,
                momentum != 0.0,
                starts,
                group["nesterov"],
                weight_decay != 0.0,
                group["maximize"],
            )
            for param, fresh in zip(params, results):  # noqa: B905  momenta follow in results
                param._replace_(fresh)
            if momentum:
                count = len(params)
                if starts:
                    for mine, fresh in zip(states, results[count:], strict=True):
                        mine["momentum_buffer"] = fresh
                else:
                    for velocity, fresh in zip(velocities, results[count:], strict=True):
                        velocity._replace_(fresh)
