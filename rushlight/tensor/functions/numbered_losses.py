"""Losses as ``torch.<name>``: ``reduction`` is a number there, 0, 1 or 2 for none, mean and sum.

``torch.nn.functional`` has the same losses with a word for it, and "mean" where nothing is said;
here nothing said is 0, as PyTorch's functions have it.
"""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions import ctc
from rushlight.tensor.functions.loss import embedding, likelihood
from rushlight.tensor.functions.loss.reduction import reduced
from rushlight.tensor.functions.register import torch_form
from rushlight.tensor.tensor import Tensor

_WORDS = ("none", "mean", "sum")


def _word(who: str, reduction: int) -> str:
    if not 0 <= reduction < len(_WORDS):
        raise RuntimeError(f"{who}: reduction is 0 (none), 1 (mean) or 2 (sum), got {reduction}")
    return _WORDS[reduction]


@torch_form
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0
) -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1."""
    word = _word("hinge_embedding_loss", reduction)
    return embedding.hinge_embedding_loss(input, target, margin, reduction=word)


@torch_form
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """1 - cos where target is 1, max(0, cos - margin) where it is -1: (N, D) or (D)."""
    word = _word("cosine_embedding_loss", reduction)
    return embedding.cosine_embedding_loss(input1, input2, target, margin, reduction=word)


@torch_form
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """max(0, margin - target * (input1 - input2)); the three broadcast."""
    word = _word("margin_ranking_loss", reduction)
    return reduced(embedding.ranking_hinge(input1, input2, target, margin), word)


@torch_form
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2.0,
    eps: float = 1e-6, swap: bool = False, reduction: int = 0,
) -> Tensor:  # fmt: skip
    """max(0, margin + |anchor - positive| - |anchor - negative|), in p-norms."""
    word = _word("triplet_margin_loss", reduction)
    return embedding.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=word
    )


@torch_form
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int
) -> Tensor:
    """exp(x) - t x (log_input), or x - t log(x + eps); ``full`` adds Stirling's term."""
    word = _word("poisson_nll_loss", reduction)
    return likelihood.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=word)


@torch_form
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: int = 0, zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """Minus the log-probability of ``targets``, summed over all alignments."""
    word = _word("ctc_loss", reduction)
    return ctc.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, word, zero_infinity
    )
