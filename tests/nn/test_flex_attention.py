"""Attention with the user's functions of scores and pairs, beside PyTorch 2.13's numbers."""

from __future__ import annotations

import functools

import pytest

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.nn.attention.flex_attention import (
    BlockMask,
    and_masks,
    create_block_mask,
    create_mask,
    flex_attention,
    or_masks,
)

Tensor = torch.Tensor


def causal(b: Tensor, h: Tensor, q: Tensor, kv: Tensor) -> Tensor:
    return q >= kv


def operands(heads: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 4, 16, 8) for _ in range(3))
    return query, key[:, :heads], value[:, :heads]


def close(result: Tensor, total: float, absolute: float) -> None:
    assert result.double().sum().item() == pytest.approx(total, abs=2e-4)
    assert result.double().abs().sum().item() == pytest.approx(absolute, abs=2e-4)


def test_scores_changed_by_a_function() -> None:
    x = operands()
    slopes = torch.tensor([0.5, 0.25, 0.125, 0.06])
    document = torch.tensor([0] * 5 + [1] * 11)
    close(flex_attention(*x), -34.37539, 291.02606)
    close(flex_attention(*x, lambda s, b, h, i, j: s + (i - j)), -149.68236, 559.98807)
    close(flex_attention(*x, lambda s, b, h, i, j: s + slopes[h] * (j - i)), -16.24271, 340.98821)
    close(
        flex_attention(
            *x, lambda s, b, h, i, j: torch.where(document[i] == document[j], s, -torch.inf)
        ),
        -33.79385,
        364.55727,
    )
    close(flex_attention(*operands(2), enable_gqa=True), -56.27249, 299.55071)


def test_a_block_mask_is_causal_attention_and_has_a_gradient() -> None:
    query, key, value = (each.requires_grad_() for each in operands())
    mask = create_block_mask(causal, None, None, 16, 16, BLOCK_SIZE=4)
    made, lse = flex_attention(query, key, value, block_mask=mask, return_lse=True)
    close(made, -64.56481, 411.36359)
    close(lse, 296.99631, 300.86603)
    made.square().sum().backward()
    found = query.grad
    query.grad = None
    F.scaled_dot_product_attention(query, key, value, is_causal=True).square().sum().backward()
    torch.testing.assert_close(found, query.grad)


def test_a_query_that_sees_nothing_gives_zero() -> None:
    late = and_masks(causal, lambda b, h, i, j: i > 3)
    mask = create_block_mask(late, None, None, 16, 16, BLOCK_SIZE=4)
    made, lse = flex_attention(*operands(), block_mask=mask, return_lse=True)
    assert not made[:, :, :4].any() and bool((lse[:, :, :4] == -torch.inf).all())
    close(made, -22.34341, 252.14287)


def test_the_tables_of_a_mask() -> None:
    mask = create_block_mask(causal, None, None, 16, 16, BLOCK_SIZE=4)
    assert mask.shape == (1, 1, 16, 16) and mask.sparsity() == 37.5
    assert mask.kv_num_blocks.tolist() == [[[1, 1, 1, 1]]]
    assert mask.kv_indices.tolist() == [[[[0, 1, 2, 3], [1, 0, 2, 3], [2, 0, 1, 3], [3, 0, 1, 2]]]]
    assert mask.full_kv_num_blocks is not None
    assert mask.full_kv_num_blocks.tolist() == [[[0, 1, 2, 3]]]
    assert torch.equal(mask.to_dense(), torch.ones(4, 4).tril().int()[None, None])
    large = create_block_mask(causal, 2, 4, 300, 300)
    assert large[0].shape == (1, 4, 300, 300) and large.kv_num_blocks.shape == (2, 4, 3)
    with pytest.raises(ValueError, match="was created for"):
        flex_attention(*operands(), block_mask=large)


def test_blocks_that_nobody_lists_are_not_seen() -> None:
    count, columns = torch.tensor([[[1]]]), torch.tensor([[[[1, 0]]]])
    mask = BlockMask.from_kv_blocks(count, columns, BLOCK_SIZE=(16, 8))
    seen = create_mask(lambda b, h, i, j: j >= 8, None, None, 16, 16)
    x = operands()
    torch.testing.assert_close(
        flex_attention(*x, block_mask=mask), F.scaled_dot_product_attention(*x, attn_mask=seen)
    )


def test_masks_of_masks() -> None:
    window = and_masks(causal, lambda b, h, i, j: i - j < 2)
    assert create_mask(window, None, None, 3, 3).int().tolist() == [
        [[[1, 0, 0], [1, 1, 0], [0, 1, 1]]]
    ]
    either = or_masks(causal, lambda b, h, i, j: j < 2)
    assert create_mask(either, None, None, 2, 3).int().tolist() == [[[[1, 1, 0], [1, 1, 0]]]]


def test_a_mask_from_a_partial_function() -> None:
    def near(b: Tensor, h: Tensor, q: Tensor, kv: Tensor, *, width: int) -> Tensor:
        return (q - kv).abs() < width

    found = create_mask(functools.partial(near, width=1), None, None, 2, 2)
    assert found.int().tolist() == [[[[1, 0], [0, 1]]]]


def test_heads_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="enable_gqa"):
        flex_attention(*operands(2))
