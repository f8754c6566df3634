"""Pools of regions and deformable convolution against plain loops over their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import ops

REGIONS = np.array(
    [
        [0, 0.0, 0.0, 12.0, 10.0], [1, 3.3, 2.1, 9.7, 8.8], [1, 5.0, 5.0, 5.2, 5.1],
        [0, -4.0, -6.0, 30.0, 26.0], [0, 9.0, 8.0, 40.0, 40.0], [1, 30.0, 30.0, 36.0, 36.0],
    ]
)  # fmt: skip


def between(plane: np.ndarray, y: float, x: float) -> float:
    """A bilinear sample; nothing beyond one pixel outside."""
    height, width = plane.shape
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = max(y, 0.0), max(x, 0.0)
    top, left = min(int(y), height - 1), min(int(x), width - 1)
    y, x = min(y, height - 1), min(x, width - 1)
    below, right = min(top + 1, height - 1), min(left + 1, width - 1)
    ly, lx = y - top, x - left
    upper = plane[top, left] * (1 - lx) + plane[top, right] * lx
    lower = plane[below, left] * (1 - lx) + plane[below, right] * lx
    return upper * (1 - ly) + lower * ly


def aligned_loops(x, regions, bins, scale, ratio, half, least, by_position):
    high, wide = bins
    channels = x.shape[1] // (high * wide if by_position else 1)
    out = np.zeros((len(regions), channels, high, wide))
    for k, (image, *corners) in enumerate(regions):
        left, top, right, bottom = np.array(corners) * scale - half
        width, height = max(right - left, least), max(bottom - top, least)
        step_y, step_x = height / high, width / wide
        down = ratio if ratio > 0 else math.ceil(step_y)
        across = ratio if ratio > 0 else math.ceil(step_x)
        for c, i, j in np.ndindex(channels, high, wide):
            plane = x[int(image), (c * high + i) * wide + j if by_position else c]
            total = sum(
                between(plane, top + (i + (a + 0.5) / down) * step_y,
                        left + (j + (b + 0.5) / across) * step_x)
                for a in range(down) for b in range(across)
            )  # fmt: skip
            out[k, c, i, j] = total / max(down * across, 1)
    return out


@pytest.mark.parametrize("ratio", [2, -1])
@pytest.mark.parametrize("aligned", [False, True])
def test_roi_align(ratio: int, aligned: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 10, 12))
    found = ops.roi_align(torch.tensor(x), torch.tensor(REGIONS), (2, 3), 0.75, ratio, aligned)
    half, least = (0.5, -np.inf) if aligned else (0.0, 1.0)
    expected = aligned_loops(x, REGIONS, (2, 3), 0.75, ratio, half, least, False)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_ps_roi_align() -> None:
    x = np.random.default_rng(1).standard_normal((2, 12, 10, 12))
    found = ops.ps_roi_align(torch.tensor(x), torch.tensor(REGIONS), (2, 3), 0.75, 2)
    expected = aligned_loops(x, REGIONS, (2, 3), 0.75, 2, 0.5, -np.inf, True)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def pooled_loops(x, regions, bins, scale, mean):
    """roi_pool, or ps_roi_pool where ``mean``."""
    high, wide = bins
    channels = x.shape[1] // (high * wide if mean else 1)
    limit = np.array(x.shape[2:]) - (1 if mean else 0)
    out = np.zeros((len(regions), channels, high, wide))
    for k, (image, *corners) in enumerate(regions):
        scaled = np.array(corners) * scale
        left, top, right, bottom = (math.copysign(int(abs(v) + 0.5), v) for v in scaled)
        more = 0 if mean else 1
        height, width = max(bottom - top + more, 1), max(right - left + more, 1)
        for c, i, j in np.ndindex(channels, high, wide):
            rows = [math.floor(i * height / high) + top, math.ceil((i + 1) * height / high) + top]
            columns = [
                math.floor(j * width / wide) + left,
                math.ceil((j + 1) * width / wide) + left,
            ]
            first_row, end_row = (int(min(max(v, 0), limit[0])) for v in rows)
            first_column, end_column = (int(min(max(v, 0), limit[1])) for v in columns)
            plane = x[int(image), (c * high + i) * wide + j if mean else c]
            part = plane[first_row:end_row, first_column:end_column]
            if part.size:
                out[k, c, i, j] = part.mean() if mean else part.max()
    return out


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_roi_pool(scale: float) -> None:
    x = np.random.default_rng(2).standard_normal((2, 3, 10, 12))
    found = ops.roi_pool(torch.tensor(x), torch.tensor(REGIONS), (3, 2), scale)
    np.testing.assert_allclose(found.numpy(), pooled_loops(x, REGIONS, (3, 2), scale, False))


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_ps_roi_pool(scale: float) -> None:
    x = np.random.default_rng(3).standard_normal((2, 12, 10, 12))
    found = ops.ps_roi_pool(torch.tensor(x), torch.tensor(REGIONS), (3, 2), scale)
    expected = pooled_loops(x, REGIONS, (3, 2), scale, True)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)


def test_gradients_of_pools() -> None:
    x = torch.tensor(np.random.default_rng(4).standard_normal((2, 4, 6, 7)), requires_grad=True)
    regions = torch.tensor(REGIONS[:3])
    for pool in (ops.roi_align, ops.ps_roi_align, ops.roi_pool, ops.ps_roi_pool):
        assert torch.autograd.gradcheck(lambda v, pool=pool: pool(v, regions, 2, 0.5), (x,))


def test_lists_of_boxes() -> None:
    x = torch.rand(2, 3, 8, 8)
    apart = [torch.tensor([[0.0, 0, 4, 4]]), torch.tensor([[1.0, 2, 5, 6], [0, 0, 8, 8]])]
    rows = torch.tensor([[0.0, 0, 0, 4, 4], [1, 1, 2, 5, 6], [1, 0, 0, 8, 8]])
    assert torch.equal(ops.roi_align(x, apart, 2), ops.roi_align(x, rows, 2))
    assert ops.roi_align(x, torch.zeros(0, 5), (2, 3)).shape == (0, 3, 2, 3)
    assert ops.roi_pool(x, [torch.zeros(0, 4)] * 2, 2).shape == (0, 3, 2, 2)
    with pytest.raises(AssertionError, match=r"Tensor\[K, 5\]"):
        ops.roi_align(x, torch.zeros(1, 4), 2)
    with pytest.raises(RuntimeError, match="same dtype"):
        ops.roi_align(x, rows.double(), 2)
    with pytest.raises(RuntimeError, match="is of image 7, but input holds 2"):
        ops.roi_pool(x, torch.tensor([[7.0, 0, 0, 1, 1]]), 2)
    with pytest.raises(RuntimeError, match="multiple of pooling height"):
        ops.ps_roi_pool(x, rows, 2)


def deformed_loops(x, offset, weight, mask, stride, padding, dilation):
    (n, channels, height, width), (filters, in_group, r, s) = x.shape, weight.shape
    high, wide = offset.shape[2:]
    groups, moves = channels // in_group, offset.shape[1] // (2 * r * s)
    out = np.zeros((n, filters, high, wide))
    for b, k, i, j in np.ndindex(n, filters, high, wide):
        for c, u, v in np.ndindex(in_group, r, s):
            channel = k // (filters // groups) * in_group + c
            tap = channel // (channels // moves) * r * s + u * s + v
            y = i * stride[0] - padding[0] + u * dilation[0] + offset[b, 2 * tap, i, j]
            z = j * stride[1] - padding[1] + v * dilation[1] + offset[b, 2 * tap + 1, i, j]
            top, left = math.floor(y), math.floor(z)
            for p, q in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if 0 <= p < height and 0 <= q < width:
                    share = (1 - abs(y - p)) * (1 - abs(z - q)) * mask[b, tap, i, j]
                    out[b, k, i, j] += share * x[b, channel, p, q] * weight[k, c, u, v]
    return out


def test_deform_conv2d() -> None:
    rng = np.random.default_rng(5)
    x, weight = rng.standard_normal((2, 4, 6, 7)), rng.standard_normal((6, 2, 3, 2))
    offset, mask = 2 * rng.standard_normal((2, 24, 3, 5)), rng.random((2, 12, 3, 5))
    bias = rng.standard_normal(6)
    where = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
    given = [torch.tensor(v, requires_grad=True) for v in (x, offset, weight, bias)]
    weights = torch.tensor(mask, requires_grad=True)
    found = ops.deform_conv2d(*given, **where, mask=weights)
    expected = deformed_loops(x, offset, weight, mask, *where.values())
    np.testing.assert_allclose(found.detach().numpy(), expected + bias[:, None, None], atol=1e-10)
    small = [
        torch.tensor(rng.standard_normal(shape), requires_grad=True)
        for shape in ((1, 2, 3, 3), (1, 8, 2, 2), (2, 1, 2, 2), (1, 4, 2, 2))
    ]
    assert torch.autograd.gradcheck(lambda x, o, w, m: ops.deform_conv2d(x, o, w, mask=m), small)
    with pytest.raises(RuntimeError, match="multiple of 2"):
        ops.deform_conv2d(given[0], torch.zeros(2, 4, 3, 5), given[2])
    with pytest.raises(RuntimeError, match=r"offset must be \(2, 24, 4, 6\)"):
        ops.deform_conv2d(given[0], given[1], given[2])


def test_levels() -> None:
    pool = ops.MultiScaleRoIAlign(["fine", "coarse"], 1, 1)
    maps = {"fine": torch.zeros(1, 1, 64, 64), "other": torch.zeros(1, 1, 9, 9),
            "coarse": torch.ones(1, 1, 32, 32)}  # fmt: skip
    boxes = [torch.tensor([[0.0, 0, 250, 250], [0, 0, 20, 20], [0, 0, 240, 230]])]
    assert pool(maps, boxes, [(256, 256)]).flatten().tolist() == [1.0, 0.0, 1.0]
    assert pool.scales == [0.25, 0.125]


def test_many_regions() -> None:
    """Read in pieces, by how many samples they need: the same numbers, in the regions' order."""
    rng = np.random.default_rng(6)
    x = torch.tensor(rng.standard_normal((2, 3, 10, 12)), requires_grad=True)
    start = rng.random((150, 2)) * 6
    corners = np.concatenate([start, start + rng.random((150, 2)) * 12], axis=1)
    regions = np.concatenate([rng.integers(0, 2, (150, 1)), corners], axis=1)
    for ratio in (2, -1):
        together = ops.roi_align(x, torch.tensor(regions), 2, 1.0, ratio)
        apart = [ops.roi_align(x, torch.tensor(each[None]), 2, 1.0, ratio) for each in regions]
        assert torch.allclose(together, torch.cat(apart))
        slopes = [torch.autograd.grad((v**2).sum(), x)[0] for v in (together, torch.cat(apart))]
        assert torch.allclose(*slopes)
