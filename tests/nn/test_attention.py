"""Attention, Transformers and embedding bags: trainings frozen from PyTorch, masks, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.nn.attention import SDPBackend, bias, sdpa_kernel

R = torch.randn
CAUSAL = nn.Transformer.generate_square_subsequent_mask(4)
PADDING = torch.tensor([[0, 0, 1, 1], [0, 0, 0, 1]]).bool()
INDEX, OFFSETS = torch.tensor([0, 2, 3, 4, 2, 1, 1]), torch.tensor([0, 2, 2, 5])


def _bag(mode: str) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    return (
        lambda: nn.EmbeddingBag(5, 3, mode=mode, padding_idx=4, max_norm=1.5),
        lambda bag: bag(INDEX, OFFSETS) + bag(INDEX[:6].view(2, 3)).sum(),
    )


CASES: list[tuple[Callable[[], Any], Callable[[Any], Any]]] = [
    (
        lambda: nn.MultiheadAttention(
            8, 2, dropout=0.3, add_bias_kv=True, add_zero_attn=True, kdim=5
        ),
        lambda m: m(R(3, 2, 8), R(4, 2, 5), R(4, 2, 8), key_padding_mask=PADDING)[0],
    ),
    (
        lambda: nn.MultiheadAttention(8, 2, dropout=0.3, batch_first=True),
        lambda m: m(*[R(2, 4, 8)] * 3, need_weights=False, attn_mask=CAUSAL, is_causal=True)[0],
    ),
    (
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(
                8, 2, 16, norm_first=True, activation="gelu", batch_first=True
            ),
            2,
            enable_nested_tensor=False,
        ),
        lambda m: m(R(2, 4, 8), src_key_padding_mask=PADDING),
    ),
    (
        lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
        lambda m: m(R(2, 5, 8), R(2, 4, 8), tgt_mask=CAUSAL),
    ),
    _bag("sum"),
    _bag("mean"),
    _bag("max"),
]
LOSSES = [
    [0.06077, 0.135005, 0.151931, 0.044828],
    [0.074951, 0.082247, 0.130365, 0.042238],
    [1.555972, 1.616876, 1.225088, 1.305516],
    [0.99999, 0.948738, 0.894976, 0.837692],
    [3.307504, 19.532747, 133.537308, 201.812195],
    [0.341423, 0.314751, 0.305445, 0.296653],
    [9.46388, 0.280389, 0.26714, 0.257754],
]  # fmt: skip


@pytest.mark.parametrize(("case", "losses"), list(zip(CASES, LOSSES, strict=True)))
def test_trains_as_pytorch(case: Any, losses: list[float]) -> None:
    """Seed 3, dropout's draws included."""
    torch.manual_seed(3)
    model = case[0]()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    found = []
    for _ in losses:
        loss = (case[1](model) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert found == pytest.approx(losses, rel=2e-5)


def test_weights_or_not_is_the_same_output() -> None:
    layer = nn.MultiheadAttention(8, 2)
    x = R(4, 2, 8)
    with_weights, weights = layer(x, x, x, attn_mask=CAUSAL)
    without, none = layer(x, x, x, attn_mask=CAUSAL, need_weights=False)
    assert none is None
    assert torch.allclose(with_weights, without, atol=1e-6)
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4))
    assert weights.triu(1).abs().max().item() == 0


def test_a_sample_alone() -> None:
    """Without the axis of samples."""
    layer = nn.MultiheadAttention(8, 2)
    x, y = R(3, 8), R(5, 8)
    out, weights = layer(x, y, y)
    batched, wide = layer(x[:, None], y[:, None], y[:, None])
    assert torch.allclose(out, batched[:, 0], atol=1e-6)
    assert weights.shape == (3, 5) and wide.shape == (1, 3, 5)


def test_causal_masks_of_unequal_lengths() -> None:

    q, k = R(1, 2, 2, 4), R(1, 2, 3, 4)
    with sdpa_kernel([SDPBackend.MATH]):
        out = F.scaled_dot_product_attention(q, k, k, bias.causal_lower_right(2, 3))
    alone = F.scaled_dot_product_attention(q[:, :, :1], k[:, :, :2], k[:, :, :2])
    assert torch.allclose(out[:, :, :1], alone, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: nn.MultiheadAttention(8, 3), AssertionError, "divisible by num_heads"),
        (lambda: nn.MultiheadAttention(0, 3), ValueError, "must be greater than 0"),
        (
            lambda: nn.MultiheadAttention(8, 2)(*[R(3, 2, 7)] * 3),
            AssertionError,
            "was expecting embedding dimension of 8, but got 7",
        ),
        (
            lambda: nn.MultiheadAttention(8, 2)(*[R(3, 2, 8)] * 3, attn_mask=R(4, 3)),
            RuntimeError,
            r"2D attn_mask is torch.Size\(\[4, 3\]\), but should be \(3, 3\)",
        ),
        (
            lambda: nn.MultiheadAttention(8, 2)(*[R(3, 2, 8)] * 3, is_causal=True),
            RuntimeError,
            "Need attn_mask if specifying the is_causal hint",
        ),
        (
            lambda: nn.TransformerEncoderLayer(8, 2, activation="tanh"),
            RuntimeError,
            "should be relu/gelu, not tanh",
        ),
        (
            lambda: nn.Transformer(8, 2, 1, 1, 16, batch_first=True)(R(3, 2, 8), R(4, 2, 8)),
            RuntimeError,
            "batch number of src and tgt must be equal",
        ),
        (lambda: nn.EmbeddingBag(5, 3)(INDEX), ValueError, "offsets has to be a 1D Tensor"),
        (
            lambda: nn.EmbeddingBag(5, 3)(INDEX, OFFSETS + 1),
            RuntimeError,
            r"offsets\[0\] has to be 0",
        ),
        (
            lambda: nn.EmbeddingBag(5, 3)(INDEX, OFFSETS, torch.ones(7)),
            NotImplementedError,
            "only supported for mode='sum'",
        ),
    ],
)
def test_refuses(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make()
