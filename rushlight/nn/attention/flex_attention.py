"""Attention whose scores pass through a function of the user's before the softmax.

Dong et al. 2024, https://arxiv.org/abs/2412.05496; as PyTorch computes it without torch.compile:
https://docs.pytorch.org/docs/stable/nn.attention.flex_attention.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import rushlight as torch
from rushlight.nn.attention.block_mask import (
    DEFAULT_BLOCK,
    BlockMask,
    MaskMod,
    create_block_mask,
    create_mask,
    noop_mask,
    over_indices,
)
from rushlight.tensor import Tensor

ScoreMod = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
_mask_mod_signature = MaskMod
_score_mod_signature = ScoreMod
_DEFAULT_SPARSE_BLOCK_SIZE = DEFAULT_BLOCK


class AuxRequest(NamedTuple):
    """What ``return_aux`` asks for beside the result."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """What was asked for: (B, H, queries) each, None where it was not."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """Seen where all of the functions say so."""

    def both(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = b.new_ones((), dtype=torch.bool)
        for mod in mask_mods:
            result = result & mod(b, h, q, kv)
        return result

    return both


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """Seen where any of the functions says so."""

    def either(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
        result = b.new_zeros((), dtype=torch.bool)
        for mod in mask_mods:
            result = result | mod(b, h, q, kv)
        return result

    return either


def flex_attention(
    query: Tensor, key: Tensor, value: Tensor, score_mod: ScoreMod | None = None,
    block_mask: BlockMask | None = None, scale: float | None = None, enable_gqa: bool = False,
    return_lse: bool = False, kernel_options: dict[str, Any] | None = None, *,
    return_aux: AuxRequest | None = None,
) -> Any:  # fmt: skip
    """softmax(score_mod(query @ key^T * scale)) @ value where ``block_mask`` lets see.

    query (B, Hq, L, E), key (B, H, S, E), value (B, H, S, Ev) -> (B, Hq, L, Ev); with
    ``return_lse`` the log of the sum of exponentials (B, Hq, L) too. ``scale`` is 1 / sqrt(E)
    unless said; with ``enable_gqa`` several heads of queries share one of keys. A query that sees
    nothing gives 0. ``score_mod(score, b, h, q, kv)`` is called once for all pairs, under ``vmap``.

    Raises ValueError for shapes that do not fit each other or the mask.

    >>> import rushlight as torch
    >>> x, tokens = torch.ones(1, 1, 2, 4), torch.eye(2, 4)[None, None]
    >>> flex_attention(x, x, tokens, lambda score, b, h, q, kv: score - 9.0 * (kv > q))
    tensor([[[[9.9988e-01, 1.2339e-04, 0.0000e+00, 0.0000e+00],
              [5.0000e-01, 5.0000e-01, 0.0000e+00, 0.0000e+00]]]])
    """
    if query.ndim != 4 or key.ndim != 4 or value.ndim != 4:
        raise NotImplementedError("NYI: query, key, and value must be 4D tensors")
    heads, sharing = query.shape[1], key.shape[1]
    if heads != sharing:
        if not enable_gqa:
            raise ValueError(
                "Expect query and key/value to have the same number of heads but got "
                f"Hq={heads} and Hkv={sharing}. Try setting enable_gqa=True for GQA."
            )
        if heads % sharing:
            raise ValueError(
                "Expect number of query heads to be a multiple of kv heads for GQA but got "
                f"Hq={heads} and Hkv={sharing}."
            )
        key = key.repeat_interleave(heads // sharing, 1)
        value = value.repeat_interleave(heads // sharing, 1)
    batch = query.shape[0]
    key = key.expand(batch, -1, -1, -1)
    value = value.expand(batch, -1, -1, -1)
    shape = (batch, heads, query.shape[2], key.shape[2])
    wide = torch.float64 if query.dtype == torch.float64 else torch.float32
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query @ key.mT).to(wide) * factor
    if score_mod is not None:
        scores = over_indices(score_mod, scores, shape=shape).broadcast_to(shape).to(wide)
    if block_mask is not None:
        _fits(block_mask, shape)
        scores = torch.where(block_mask.allowed(shape), scores, -torch.inf)
    total = torch.logsumexp(scores, -1, keepdim=True)
    weights = torch.exp(scores - torch.where(total == -torch.inf, 0.0, total))
    made = (weights.to(query.dtype) @ value).to(query.dtype)
    lse = total.squeeze(-1)
    if return_aux is not None:
        if return_aux.max_scores:
            raise NotImplementedError("Returning max scores is not supported on CPU/MPS.")
        return made, AuxOutput(lse=lse if return_aux.lse else None)
    return (made, lse) if return_lse else made


def _fits(mask: BlockMask, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the mask was made for these lengths, batches and heads."""
    if mask.shape[-2:] != shape[-2:]:
        raise ValueError(
            f"block_mask was created for block_mask.shape={mask.shape} but got "
            f"q_len={shape[2]} and kv_len={shape[3]}. Make one for these lengths by "
            "create_block_mask"
        )
    for name, held, given in zip(("batch size", "heads"), mask.shape[:2], shape[:2], strict=True):
        if held not in (1, given):
            raise ValueError(f"block_mask was created for {name} {held}, got {given}")


__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "and_masks", "create_block_mask", "create_mask",
    "flex_attention", "noop_mask", "or_masks",
]  # fmt: skip
