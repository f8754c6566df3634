"""Adafactor."""

from __future__ import annotations

from typing import Any, ClassVar

from rushlight.autograd import no_grad
from rushlight.base.limits import finfo
from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.settings import check_rate_range, number
from rushlight.optim.ways import sparse_refused
from rushlight.tensor import Tensor, zeros_like


class Adafactor(Optimizer):
    """Adam's scaling from the means over rows and columns alone (Shazeer and Stern 2018).

    As in PyTorch, ``lr`` is the largest relative step and scales the (decoupled) weight decay,
    and ``eps[0]`` (None: the dtype's) bounds the estimate of the variance, not the squares.
    """

    _added_later: ClassVar[dict[str, Any]] = {"foreach": None}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_rate_range(lr)
        for name, value, bound, valid in (
            ("beta2_decay", beta2_decay, "<= 0", beta2_decay <= 0.0),
            ("epsilon1", eps[0], ">= 0", eps[0] is None or eps[0] >= 0.0),
            ("epsilon2", eps[1], ">= 0", eps[1] >= 0.0),
            ("Clipping threshold d", d, ">= 1", d >= 1.0),
            ("weight_decay", weight_decay, ">= 0", weight_decay >= 0.0),
        ):
            if not valid:
                raise ValueError(f"{name} should be {bound} but is: {value}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    @staticmethod
    def _start(grad: Tensor) -> dict[str, Any]:
        if grad.dim() < 2:
            return {"step": 0.0, "variance": zeros_like(grad)}
        *lead, rows, columns = grad.shape
        return {
            "step": 0.0,
            "row_var": grad.new_zeros([*lead, rows, 1]),
            "col_var": grad.new_zeros([*lead, 1, columns]),
        }

    def step(self, closure: Closure | None = None) -> Any:
        """One update of every parameter that has a gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        eps = group["eps"][0]
        with no_grad():
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if grad.is_sparse:
                    raise sparse_refused(self)
                if param.is_complex():
                    raise RuntimeError("Adafactor does not support complex parameters")
                if eps is None:
                    eps = finfo(param.dtype).eps
                state = self._state[param]
                if not state:
                    state.update(self._start(grad))
                state["step"] += 1.0
                self._move(group, param, -grad if group["maximize"] else grad, state, eps)

    @staticmethod
    def _move(
        group: dict[str, Any], param: Any, grad: Any, state: dict[str, Any], eps: float
    ) -> None:
        lr, step = number(group["lr"]), state["step"]
        share = step ** number(group["beta2_decay"])
        relative = min(lr, 1 / step**0.5)
        # Sizes stay tensors: asking for their values would cut the step into several plans.
        rms = param.norm(2) / param.numel() ** 0.5
        rate = rms.clamp(min=group["eps"][1]) * relative
        if group["weight_decay"] != 0:
            param.mul_(1 - lr * group["weight_decay"])
        if grad.dim() > 1:
            rows, columns = state["row_var"], state["col_var"]
            rows.lerp_(grad.norm(dim=-1, keepdim=True).square() / grad.size(-1), share)
            columns.lerp_(grad.norm(dim=-2, keepdim=True).square() / grad.size(-2), share)
            variance = rows @ columns / rows.mean(dim=-2, keepdim=True).clamp(min=eps)
        else:
            variance = state["variance"].lerp_(grad * grad, share)
        move = variance.clamp(min=eps * eps).rsqrt() * grad
        excess = (move.norm(2) / (move.numel() ** 0.5 * group["d"])).clamp(min=1.0)
        param.sub_(move * (rate / excess))
