"""CTCLoss as a layer."""

from __future__ import annotations

from typing import Any

from rushlight.nn import functional as F
from rushlight.nn.modules.loss import _Loss
from rushlight.tensor import Tensor


class CTCLoss(_Loss):
    """Minus the log-probability of a label sequence over all its alignments (Graves 2006).

    log_probs (T, N, C), targets (N, S) or (the sum of lengths,), input_lengths (N,),
    target_lengths (N,) -> (); without N as well.

    >>> import rushlight as torch
    >>> log_probs = torch.zeros(4, 1, 3).log_softmax(2)
    >>> loss = torch.nn.CTCLoss(reduction="none")
    >>> loss(log_probs, torch.tensor([[1, 2]]), torch.tensor([4]), torch.tensor([2]))
    tensor([1.6864])
    """

    __constants__ = ["blank", "reduction"]  # noqa: RUF012

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip
