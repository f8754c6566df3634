"""Padding of what is empty: as many elements, another shape."""

from __future__ import annotations

import rushlight as torch


def test_gradient_of_a_column_less_than_none() -> None:
    x = torch.zeros(0, 64, requires_grad=True)
    (torch.zeros(0, 0) @ x)[:, 1:].sum().backward()
    assert x.grad is not None
    assert x.grad.numpy().shape == (0, 64)


def test_attention_over_heads_of_no_numbers() -> None:
    # Every score is an empty sum: all keys count the same.
    query, value = torch.zeros(2, 3, 0), torch.arange(12.0).view(2, 3, 2)
    out = torch.nn.functional.scaled_dot_product_attention(query, query, value)
    torch.testing.assert_close(out, value.mean(1, keepdim=True).expand(2, 3, 2))
