"""Gradients of halves that PyTorch rounds step by step are rounded so here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch

F = torch.nn.functional
HALVES = [torch.bfloat16, torch.float16]


def _grad(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any, Any]:
    """(result, seed, gradient) of a function."""
    leaf = x.clone().requires_grad_()
    out = function(leaf)
    torch.manual_seed(1)
    seed = torch.randn(out.shape).to(out.dtype)
    (found,) = torch.autograd.grad(out, leaf, seed)
    return out.detach(), seed, found


def _drawn(*shape: int, dtype: Any) -> Any:
    torch.manual_seed(0)
    return torch.randn(shape).to(dtype)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_spreads(dtype: Any) -> None:
    x = _drawn(5, 40, dtype=dtype)
    centred = x - x.mean(1, keepdim=True)
    _, seed, found = _grad(lambda x: x.var(1), x)
    assert torch.equal(found, (2 / 39 * seed).unsqueeze(1) * centred)
    out, seed, found = _grad(lambda x: x.std(1), x)
    assert torch.equal(found, (2 / 39 * (seed / (out * 2))).unsqueeze(1) * centred)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_norms(dtype: Any) -> None:
    x = _drawn(5, 40, dtype=dtype)
    out, seed, found = _grad(lambda x: torch.linalg.vector_norm(x, 3, dim=1, keepdim=True), x)
    assert torch.equal(found, x * x.abs() * (seed / (out * out)))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_glu(dtype: Any) -> None:
    x = _drawn(5, 40, dtype=dtype)
    size, gate = x[:, :20], x[:, 20:].sigmoid()
    _, seed, found = _grad(lambda x: F.glu(x, 1), x)
    wide = (1 - gate.float()) * gate.float() * size.float() * seed.float()
    assert torch.equal(found, torch.cat([gate * seed, wide.to(dtype)], 1))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_windows_that_overlap_are_added_one_after_another(dtype: Any) -> None:
    x = _drawn(2, 3, 5, 7, dtype=dtype)
    _, seed, found = _grad(lambda x: F.avg_pool2d(x, 3, 2, 1), x)
    expected = torch.zeros(2, 3, 7, 9, dtype=dtype)
    for i in range(3):
        for j in range(4):
            share = (seed[:, :, i, j] / 9)[:, :, None, None]
            expected[:, :, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3] += share
    assert torch.equal(found, expected[:, :, 1:6, 1:8])


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_adaptive_windows(dtype: Any) -> None:
    x = _drawn(2, 3, 5, 7, dtype=dtype)
    _, seed, found = _grad(lambda x: F.adaptive_avg_pool2d(x, (2, 7)), x)
    expected = torch.zeros_like(x)
    for i in range(2):
        expected[:, :, 2 * i : 2 * i + 3] += seed[:, :, i : i + 1] / 3
    assert torch.equal(found, expected)


@pytest.mark.parametrize("mode", ["reflect", "replicate"])
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_padding(dtype: Any, mode: str) -> None:
    x = _drawn(1, 2, 4, 5, dtype=dtype)
    _, seed, found = _grad(lambda x: F.pad(x, (3, 2, 1, 3), mode), x)
    numbers = torch.arange(40.0).view(1, 2, 4, 5)
    expected = torch.zeros(40, dtype=dtype)
    places = F.pad(numbers, (3, 2, 1, 3), mode).flatten().tolist()
    for place, each in zip(places, seed.flatten(), strict=True):
        expected[int(place)] += each
    assert torch.equal(found.flatten(), expected)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_resampling_is_rounded_at_the_end(dtype: Any) -> None:
    x = _drawn(1, 2, 4, 4, 4, dtype=dtype)
    for mode in ("nearest", "trilinear"):
        _, seed, found = _grad(lambda x, mode=mode: F.interpolate(x, (5, 3, 7), mode=mode), x)
        leaf = x.float().requires_grad_()
        wide = F.interpolate(leaf, (5, 3, 7), mode=mode)
        (expected,) = torch.autograd.grad(wide, leaf, seed.float())
        assert torch.equal(found, expected.to(dtype))


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_binary_cross_entropy(dtype: Any) -> None:
    torch.manual_seed(0)
    p, t = torch.rand(7, 9).to(dtype), torch.rand(7, 9).to(dtype)
    _, seed, found = _grad(lambda p: F.binary_cross_entropy(p, t), p)
    assert torch.equal(found, seed * (p - t) / ((1 - p) * p).clamp(min=1e-12) / 63)
    _, seed, found = _grad(lambda t: F.binary_cross_entropy(p, t), t)
    assert torch.equal(found, -(p / (1 - p)).log() * seed / 63)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_sampling_at_a_grid_is_rounded_after_each_step(dtype: Any) -> None:
    x = _drawn(1, 2, 5, 5, dtype=dtype)
    torch.manual_seed(2)
    grid = (torch.rand(1, 4, 3, 2) * 1.6 - 0.8).to(dtype)
    column, row = (((grid[..., k] + 1) * 5 - 1) / 2 for k in range(2))
    left, top = column.floor(), row.floor()
    right, low = left + 1, top + 1
    expected = torch.zeros(1, 2, 4, 3, dtype=dtype)
    for i, j, weight in (
        (top, left, (right - column) * (low - row)),
        (top, right, (column - left) * (low - row)),
        (low, left, (right - column) * (row - top)),
        (low, right, (column - left) * (row - top)),
    ):
        expected = expected + x[0][:, i[0].long(), j[0].long()][None] * weight[:, None]
    found = F.grid_sample(x, grid, mode="bilinear", align_corners=False)
    assert torch.equal(found, expected)


def test_complex_powers_are_those_of_the_c_library() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(50, dtype=torch.complex64) * 5, torch.randn(50, dtype=torch.complex64) * 4
    assert torch.equal(x**y, torch.from_numpy(x.numpy() ** y.numpy()))
