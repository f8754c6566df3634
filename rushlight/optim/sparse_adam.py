"""SparseAdam: for sparse gradients, which no operation makes here."""

from __future__ import annotations

from typing import Any

from rushlight.optim.optimizer import Closure, Optimizer, ParamsT
from rushlight.optim.settings import check, check_rate
from rushlight.tensor import Tensor


class SparseAdam(Optimizer):
    """Adam that touches only the rows with a gradient, for gradients that are sparse tensors.

    Gradients are dense in Rushlight, ``Embedding(sparse=True)``'s too, and ``step`` says of dense
    gradients what PyTorch's says.
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

    def step(self, closure: Closure | None = None) -> Any:
        """Raises RuntimeError for every parameter that has a (dense) gradient."""
        return self._step_over_groups(closure)

    def _update(self, group: dict[str, Any]) -> None:
        if any(param.grad is not None for param in group["params"]):
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
