"""Gradients lie in memory as what they are of."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch

F = torch.nn.functional


@pytest.mark.parametrize(
    "function", [F.relu, F.gelu, lambda x: F.max_pool2d(x, 2), lambda x: F.group_norm(x, 1)]
)
@pytest.mark.parametrize("again", [False, True])
def test_gradients_of_images_by_channels(function: Any, again: bool) -> None:
    torch.manual_seed(0)
    plain = torch.randn(2, 3, 4, 6).requires_grad_()
    image = plain.detach().to(memory_format=torch.channels_last).requires_grad_()
    (expected,) = torch.autograd.grad(function(plain).sin().sum(), plain)
    (found,) = torch.autograd.grad(function(image).sin().sum(), image, create_graph=again)
    assert found.stride() == image.stride()
    assert found.requires_grad is again
    assert torch.equal(found, expected)
    if again:
        (twice,) = torch.autograd.grad(found.sum(), image)
        (second,) = torch.autograd.grad(
            torch.autograd.grad(function(plain).sin().sum(), plain, create_graph=True)[0].sum(),
            plain,
        )
        torch.testing.assert_close(twice.contiguous(), second)


def test_gradients_of_transposed_matrices() -> None:
    a, b = torch.randn(2, 3).requires_grad_(), torch.randn(4, 3).t().requires_grad_()
    grads = torch.autograd.grad((a @ b).sum(), (a, b))
    assert [each.stride() for each in grads] == [(3, 1), (1, 3)]
