"""Weights of losses, in which PyTorch's losses have no derivative."""

from __future__ import annotations

from rushlight.tensor.modes import is_grad_enabled
from rushlight.tensor.tensor import Tensor


def refuse_slope(who: str, name: str, weight: Tensor | None) -> None:
    """A weight to be trained is refused, as in PyTorch: its gradient would be None, unseen.

    Raises RuntimeError where ``weight`` requires grad.
    """
    if weight is not None and weight.requires_grad and is_grad_enabled():
        raise RuntimeError(
            f"The function '{who}' is not differentiable with respect to argument '{name}'. "
            "This input cannot have requires_grad True."
        )


def refuse_class_weights(input: Tensor, weight: Tensor) -> None:
    """``refuse_slope`` of the weights of classes given by number."""
    who = "nll_loss_forward" if input.ndim <= 2 else "nll_loss2d_forward"
    refuse_slope(who, "weight", weight)
