"""torchtext.transforms.MaskTransform: tokens hidden for a model to guess (BERT)."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.nn import Module
from rushlight.tensor import Tensor


class MaskTransform(Module):
    """Hide ``mask_prob`` of each row's tokens: of those 80% by ``mask_idx``, 10% by any other.

    Tokens (N, L) -> the row with gaps (N, L), what stood in the gaps (gaps,), where they are
    (N, L) of 0 and 1. Tokens ``pad_idx`` stay, and ``bos_idx`` too unless ``mask_bos``.
    Devlin and others, "BERT", 2018.
    """

    mask_mask_prob = 0.8
    rand_mask_prob = 0.1

    def __init__(
        self,
        vocab_len: int,
        mask_idx: int,
        bos_idx: int,
        pad_idx: int,
        mask_bos: bool = False,
        mask_prob: float = 0.15,
    ) -> None:
        super().__init__()
        self.vocab_len = vocab_len
        self.mask_idx = mask_idx
        self.bos_idx = bos_idx
        self.pad_idx = pad_idx
        self.mask_prob = mask_prob
        self.mask_bos = mask_bos

    def _gaps(self, tokens: Any) -> Any:
        """1 where a token is to be guessed, (N, L) int32."""
        rows, length = tokens.shape
        chosen = torch.zeros(length, dtype=torch.int32, device=tokens.device)
        chosen[: int(length * self.mask_prob)] = 1
        mask: Any = torch.stack([chosen[torch.randperm(length)] for _ in range(rows)])
        stays = tokens == self.pad_idx
        if not self.mask_bos:
            stays = stays | (tokens == self.bos_idx)
        mask = mask.masked_fill(stays, 0)
        if not bool(mask.any()):
            mask[0, 0] = 1  # a loss over nothing would be nan
        return mask

    def forward(self, tokens: Tensor) -> tuple[Any, Any, Any]:
        """The row with gaps, what stood there, where."""
        mask = self._gaps(tokens)
        gap = mask.bool()
        draw = torch.rand_like(tokens, dtype=torch.float)
        hidden = gap & (draw >= 1 - self.mask_mask_prob)
        other = gap & (draw < self.rand_mask_prob)
        anything = torch.randint_like(tokens, high=self.vocab_len)
        masked: Any = torch.where(other, anything, tokens.masked_fill(hidden, self.mask_idx))
        return masked, torch.masked_select(tokens, gap), mask
