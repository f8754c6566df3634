"""Stochastic gradient descent."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, ClassVar

from rushlight.base.hot import hot
from rushlight.engine.value import Value
from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.recorded import sgd_step
from rushlight.optim.settings import check, check_rate, dense, number, rate
from rushlight.optim.ways import check_fused
from rushlight.tensor import Tensor

_settings = itemgetter("lr", "dampening", "weight_decay", "nesterov", "maximize")


class SGD(Optimizer):
    """p -= lr * g, with momentum, Nesterov momentum and weight decay if wanted.

    ``foreach`` and ``fused`` are accepted: all parameters of a group are always one operation.
    """

    _added_later: ClassVar[dict[str, Any]] = {
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": False,
    }

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
        check_rate(lr)
        check("momentum value", momentum, momentum >= 0.0)
        check("weight_decay value", weight_decay, weight_decay >= 0.0)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
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
        check_fused(defaults)

    @hot
    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    @hot
    def _update(self, group: dict[str, Any]) -> None:
        momentum = number(group["momentum"])
        params: list[Any] = []
        grads: list[Any] = []
        if not momentum:
            for param in group["params"]:
                grad = param._grad
                if grad is not None:
                    params.append(param)
                    grads.append(grad if grad.__class__ is Tensor else dense(grad))
            if params:
                self._move(group, params, params, grads, [], momentum)
            return
        velocities: list[Any] = []
        fresh_params: list[Any] = []
        fresh_grads: list[Any] = []
        state = self._state
        for param in group["params"]:
            grad = param._grad
            if grad is None:
                continue
            if grad.__class__ is not Tensor:
                grad = dense(grad)
            velocity = state[param].get("momentum_buffer")
            if velocity is None:
                fresh_params.append(param)
                fresh_grads.append(grad)
            else:
                params.append(param)
                grads.append(grad)
                velocities.append(velocity)
        if fresh_params and group["differentiable"]:
            self._start_flowing(group, fresh_params, fresh_grads, momentum)
            fresh_params = []
        if fresh_params:
            made = self._move(group, fresh_params, fresh_params, fresh_grads, [], momentum)
            for param, velocity in zip(fresh_params, made):  # noqa: B905  one for each
                state[param]["momentum_buffer"] = Tensor._of(velocity)
        if params:
            self._move(group, params + velocities, params, grads, velocities, momentum)

    def _start_flowing(
        self, group: dict[str, Any], params: list[Any], grads: list[Any], momentum: float
    ) -> None:
        """A differentiable first step: no gradient flows into the first velocity."""
        weight_decay = number(group["weight_decay"])
        for param, grad in zip(params, grads, strict=True):
            slope = -grad if group["maximize"] else grad
            slope = slope + weight_decay * param if weight_decay else slope
            velocity = slope.detach().clone()
            self._state[param]["momentum_buffer"] = velocity.clone()
            step = slope + momentum * velocity if group["nesterov"] else velocity
            param.copy_(param.clone() - rate(group) * step)

    @staticmethod
    @hot
    def _move(
        group: dict[str, Any],
        targets: list[Any],
        params: list[Any],
        grads: list[Any],
        velocities: list[Any],
        momentum: float,
    ) -> list[Value]:
        """Give ``targets`` their new values; without old velocities, those they start with."""
        lr, dampening, weight_decay, nesterov, maximize = _settings(group)
        if weight_decay.__class__ is not float:
            weight_decay = number(weight_decay)
        if dampening.__class__ is not int:
            dampening = number(dampening)
        return sgd_step.update(
            group,
            targets,
            (params, grads, velocities),
            (
                -lr if lr.__class__ is float else -rate(group),
                momentum,
                1.0 - dampening,
                weight_decay,
            ),
            (momentum != 0.0, not velocities, nesterov, weight_decay != 0.0, maximize),
        )
