"""The loss of a recurrent transducer as a module."""

from __future__ import annotations

from typing import Any

from rushlight.audio.functional.transducer import rnnt_loss
from rushlight.nn import Module
from rushlight.tensor import Tensor


class RNNTLoss(Module):
    """``functional.rnnt_loss`` with its options: logits (N, T, U + 1, C) -> ()."""

    def __init__(
        self,
        blank: int = -1,
        clamp: float = -1.0,
        reduction: str = "mean",
        fused_log_softmax: bool = True,
    ) -> None:
        super().__init__()
        self.blank = blank
        self.clamp = clamp
        self.reduction = reduction
        self.fused_log_softmax = fused_log_softmax

    def forward(
        self, logits: Tensor, targets: Tensor, logit_lengths: Tensor, target_lengths: Tensor
    ) -> Any:
        return rnnt_loss(
            logits, targets, logit_lengths, target_lengths, self.blank, self.clamp,
            self.reduction, self.fused_log_softmax,
        )  # fmt: skip
