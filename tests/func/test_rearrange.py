"""torch.func.rearrange: results and refusals as PyTorch's."""

from __future__ import annotations

import pytest

import rushlight as torch

x = torch.arange(24.0).reshape(2, 3, 4)


def test_rearranged() -> None:
    rearrange = torch.func.rearrange
    assert torch.equal(rearrange(x, "a b c -> c b a"), x.permute(2, 1, 0))
    assert torch.equal(rearrange(x, "a b c -> (a b) c"), x.reshape(6, 4))
    split = x.reshape(2, 3, 2, 2).permute(0, 1, 3, 2).reshape(2, 6, 2)
    assert torch.equal(rearrange(x, "a b (c d) -> a (b d) c", d=2), split)
    assert torch.equal(rearrange(x, "a ... -> ... a"), x.permute(1, 2, 0))
    assert rearrange(x, "a ... -> a (...)").shape == (2, 12)
    assert rearrange(x, "a b c -> a 1 b () c").shape == (2, 1, 3, 1, 4)
    assert rearrange([x, x, x], "n a b c -> a n b c").shape == (2, 3, 3, 4)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a b c -> a b", "only on one side"),
        ("a b -> a b", "Number of dimensions"),
        ("a b c", "single '->'"),
        ("a b (c d) -> a b c d", "two dimensions at once"),
        ("a a c -> a c", "duplicate"),
        ("a b 2 -> a b", "unnamed axes of size 1"),
        ("a (b c -> a b c", "Imbalanced"),
        ("(...) -> ...", "Ellipsis"),
        ("1 b c -> b c", "evenly fit"),
    ],
)
def test_refused(pattern: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        torch.func.rearrange(x, pattern)
