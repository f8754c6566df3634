"""Adaptive pools whose bins repeat are folded: 130 places in 50 bins are ten times 13 in 5."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
import rushlight.nn.functional as F


def bins(size: int, count: int) -> list[slice]:
    return [slice(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


@pytest.mark.parametrize(("size", "count"), [(26, 10), (12, 8), (9, 6), (10, 15), (7, 3)])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_along_a_line(size: int, count: int, kind: str) -> None:
    rng = np.random.default_rng(size)
    x = rng.permutation(2 * 3 * size).reshape(2, 3, size).astype("f")
    g = rng.integers(-4, 5, (2, 3, count)).astype("f")
    given = torch.tensor(x, requires_grad=True)
    out = getattr(F, f"adaptive_{kind}_pool1d")(given, count)
    out.backward(torch.tensor(g))
    want, slope = np.zeros((2, 3, count)), np.zeros(x.shape)
    for place, one in enumerate(bins(size, count)):
        part = x[..., one]
        if kind == "avg":
            want[..., place] = part.mean(-1)
            slope[..., one] += g[..., place, None] / part.shape[-1]
        else:
            want[..., place] = part.max(-1)
            slope[..., one] += g[..., place, None] * (part == part.max(-1, keepdims=True))
    np.testing.assert_allclose(out.detach().numpy(), want, rtol=1e-6)
    np.testing.assert_allclose(given.grad.numpy(), slope, rtol=1e-6, atol=1e-6)


def test_on_a_plane() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 15, 10)).astype("f")
    want = [
        [x[..., rows, columns].mean((-1, -2)) for columns in bins(10, 4)] for rows in bins(15, 6)
    ]
    out = F.adaptive_avg_pool2d(torch.tensor(x), (6, 4)).numpy()
    np.testing.assert_allclose(
        out, np.moveaxis(np.array(want), (0, 1), (2, 3)), rtol=2e-5, atol=1e-6
    )
