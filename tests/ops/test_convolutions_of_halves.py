"""Convolutions of float16: each tap and each image is rounded before it is added."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F

HALF = np.float16


def _halves(*shape: int) -> np.ndarray:
    # Eighths: sums of products are exact in float32, in whatever order.
    return (np.random.default_rng(sum(shape)).integers(-72, 72, shape) / 8).astype(HALF)


def _spread(g: np.ndarray, w: np.ndarray, length: int, stride: int) -> np.ndarray:
    """g (N, K, L'), w (K, C, R): what each tap adds, one after another, to N x C x length."""
    total = np.zeros((g.shape[0], w.shape[1], length), HALF)
    for tap in range(w.shape[2]):
        column = np.einsum("nkl,kc->ncl", g.astype(np.float64), w[:, :, tap].astype(np.float64))
        reach = slice(tap, tap + stride * (g.shape[2] - 1) + 1, stride)
        total[:, :, reach] += column.astype(HALF)
    return total


def test_the_gradient_of_the_image_is_rounded_after_each_tap():
    x, w, g = _halves(2, 3, 9), _halves(4, 3, 4), _halves(2, 4, 6)
    image = torch.tensor(x, requires_grad=True)
    F.conv1d(image, torch.tensor(w)).backward(torch.tensor(g))
    assert np.array_equal(image.grad.numpy(), _spread(g, w, 9, 1))


def test_a_transposed_convolution_is_rounded_after_each_tap():
    x, w = _halves(2, 4, 6), _halves(4, 3, 4)
    made = F.conv_transpose1d(torch.tensor(x), torch.tensor(w), stride=2, padding=1)
    assert np.array_equal(made.numpy(), _spread(x, w, 14, 2)[:, :, 1:-1])


@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradient_of_the_weight_is_rounded_after_each_image(transposed: bool):
    x, g = _halves(3, 2, 6), _halves(3, 2, 5)
    weight = torch.tensor(_halves(2, 2, 2), requires_grad=True)
    if transposed:
        F.conv_transpose1d(torch.tensor(g), weight).backward(torch.tensor(x))
    else:
        F.conv1d(torch.tensor(x), weight).backward(torch.tensor(g))
    total = np.zeros((2, 2, 2), HALF)
    for image in range(3):
        rows = np.lib.stride_tricks.sliding_window_view(x[image].astype(np.float64), 5, axis=1)
        one = np.einsum("kl,ctl->kct", g[image].astype(np.float64), rows)
        total = (total.astype(np.float64) + one).astype(HALF)
    assert np.array_equal(weight.grad.numpy(), total)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_volumes_agree_with_wider_numbers(dtype: torch.dtype):
    x = torch.tensor(_halves(1, 1, 5, 6, 7)).to(dtype).requires_grad_()
    w = torch.tensor(_halves(1, 1, 3, 2, 3)).to(dtype).requires_grad_()
    F.conv3d(x, w, padding=1, dilation=2).sum().backward()
    a, b = x.detach().double().requires_grad_(), w.detach().double().requires_grad_()
    F.conv3d(a, b, padding=1, dilation=2).sum().backward()
    step = torch.finfo(dtype).eps
    for half, exact in ((x, a), (w, b)):
        largest = float(exact.grad.abs().max())
        assert float((half.grad.double() - exact.grad).abs().max()) <= 4 * step * largest
