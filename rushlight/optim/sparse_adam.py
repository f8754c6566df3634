"""SparseAdam."""

from __future__ import annotations

from typing import Any

from rushlight.autograd import no_grad
from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.settings import check, check_rate, number
from rushlight.tensor import Tensor, zeros_like


class SparseAdam(Optimizer):
    """Adam that touches only the elements with a gradient, for gradients that are sparse tensors.

    >>> import rushlight as torch
    >>> weight = torch.nn.Parameter(torch.ones(3, 1))
    >>> weight.grad = torch.tensor([[0.0], [2.0], [0.0]]).to_sparse()
    >>> torch.optim.SparseAdam([weight], lr=0.25).step()
    >>> weight.detach().flatten()
    tensor([1.0000, 0.7500, 1.0000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        check("learning rate", lr, lr > 0.0)
        check("epsilon value", eps, eps > 0.0)
        check("beta parameter at index 0", betas[0], 0.0 <= betas[0] < 1.0)
        check("beta parameter at index 1", betas[1], 0.0 <= betas[1] < 1.0)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        complex_places = [
            [index, place]
            for index, group in enumerate(self.param_groups)
            for place, param in enumerate(group["params"])
            if param.is_complex()
        ]
        if complex_places:
            raise ValueError(
                f"Complex params at indices {complex_places}: SparseAdam does not support complex "
                "parameters"
            )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As ``Optimizer.load_state_dict``; the number of steps stays a whole number."""
        super().load_state_dict(state_dict)
        for state in self._state.values():
            state["step"] = int(state["step"])

    def step(self, closure: Closure | None = None) -> Any:
        """One update of the rows that the gradients have. Raises RuntimeError for dense ones."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        grads = [param.grad for param in group["params"] if param.grad is not None]
        if not all(grad.is_sparse for grad in grads):
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        with no_grad():
            for param in group["params"]:
                if param.grad is not None:
                    self._update_rows(group, param, param.grad)

    def _update_rows(self, group: dict[str, Any], param: Any, grad: Any) -> None:
        state = self._state[param]
        if not state:
            state.update(step=0, exp_avg=zeros_like(param), exp_avg_sq=zeros_like(param))
        state["step"] += 1
        values = grad.shared_sums()
        if not values.numel():
            return
        values = -values if group["maximize"] else values
        rows = tuple(grad._indices().unbind(0))
        beta1, beta2 = map(number, group["betas"])
        lr, step = number(group["lr"]), state["step"]
        means, squares = state["exp_avg"], state["exp_avg_sq"]
        old = means[rows]
        mean = old + (values - old) * (1 - beta1)
        old = squares[rows]
        square = old + (values * values - old) * (1 - beta2)
        means[rows], squares[rows] = mean, square
        size = lr * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
        param[rows] += -size * (mean / (square.sqrt() + number(group["eps"])))
