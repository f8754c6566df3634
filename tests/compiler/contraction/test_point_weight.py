"""Weight gradients of a single tap as products of packed blocks: any shape, the same bits."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from rushlight.compiler.contraction import Epilogue, conv_weight_grad, point_weight
from rushlight.compiler.launch import Launch
from tests.compiler.contraction import machine

Array = np.ndarray[Any, Any]


def launches(g: Array, x: Array, dw: Array, stride: int, groups: int = 1) -> list[Launch]:
    operands = [machine.operand(each) for each in (g, x, dw)]
    none = ((0, 0), (0, 0))
    return conv_weight_grad(*operands, (stride,) * 2, none, (1, 1), groups, Epilogue())


def is_point(made: list[Launch]) -> bool:
    return made[0].kernel.symbol.startswith("point_weight")


@pytest.mark.parametrize("seed", range(60))
def test_drawn(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(point_weight, "_WORTH", 0)
    if seed % 2:  # packed while the band before is summed, where vectors are lines
        monkeypatch.setattr(point_weight, "_LARGE", 0)
        monkeypatch.setattr(point_weight.choose, "depth_block", lambda tile: 24)
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    n, h, w = draw.randint(1, 5), draw.randint(1, 24), draw.randint(1, 24)
    c, k = draw.choice([1, 3, 16, 40, 257, 300]), draw.choice([5, 16, 33, 130, 257, 520])
    stride, groups, dtype = draw.choice([1, 1, 2, 3]), draw.choice([1, 1, 2]), draw.choice("ffd")
    if c == 1:
        groups = 1
    x = rng.standard_normal((n, h, w, c * groups)).astype(dtype)
    seen = x[:, ::stride, ::stride]
    g = rng.standard_normal((*seen.shape[:3], k * groups)).astype(dtype)
    results = []
    for parts in (0, 1, 3):
        dw = np.full((k * groups, c, 1, 1), np.nan, dtype)
        made = launches(g, x, dw, stride, groups)
        assert is_point(made)
        machine.run(made, parts)
        results.append(dw.tobytes())
    assert results[0] == results[1] == results[2]
    given = seen.reshape(-1, groups, c).astype("d"), g.reshape(-1, groups, k).astype("d")
    want = np.einsum("pgc,pgk->gkc", *given).reshape(dw.shape)
    np.testing.assert_allclose(dw, want, rtol=0, atol=(2e-3 if dtype == "f" else 1e-11))


@pytest.mark.parametrize(("n", "size", "c", "k", "stride", "groups", "dtype"), [
    (3, 20, 64, 70, 1, 1, "f"),
    (2, 33, 64, 70, 2, 1, "f"),  # rows of positions lie apart
    (2, 50, 72, 130, 2, 1, "f"),  # the last panel, and the last strip, begin earlier
    (4, 16, 72, 130, 1, 2, "f"),
    (2, 24, 64, 70, 1, 1, "d"),
    (9, 13, 300, 150, 1, 1, "f"),  # blocks of several widths
    (2, 11, 64, 70, 1, 1, "f"),  # few bands
])  # fmt: skip
def test_many_bands(
    n: int, size: int, c: int, k: int, stride: int, groups: int, dtype: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each packed while the one before is summed, where vectors are lines."""
    monkeypatch.setattr(point_weight, "_LARGE", 0)
    monkeypatch.setattr(point_weight.choose, "depth_block", lambda tile: 24)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, size, size, c * groups)).astype(dtype)
    seen = x[:, ::stride, ::stride]
    g = rng.standard_normal((*seen.shape[:3], k * groups)).astype(dtype)
    results = []
    for parts in (0, 2):
        dw = np.full((k * groups, c, 1, 1), np.nan, dtype)
        machine.run(launches(g, x, dw, stride, groups), parts)
        results.append(dw.tobytes())
    assert results[0] == results[1]
    given = seen.reshape(-1, groups, c).astype("d"), g.reshape(-1, groups, k).astype("d")
    want = np.einsum("pgc,pgk->gkc", *given).reshape(dw.shape)
    np.testing.assert_allclose(dw, want, rtol=0, atol=(2e-3 if dtype == "f" else 1e-11))


def test_infinity_and_nan_stay_with_their_weights() -> None:
    x, g = np.ones((2, 7, 7, 256), "f"), np.ones((2, 7, 7, 300), "f")
    x[1, 3, 3, 5], g[0, 0, 0, 299] = np.inf, np.nan
    dw = np.zeros((300, 256, 1, 1), "f")
    made = launches(g, x, dw, 1)
    assert is_point(made)
    machine.run(made)
    assert np.isposinf(dw[:299, 5]).all() and np.isnan(dw[299]).all()
    assert (np.delete(dw[:299], 5, axis=1) == 98).all()


def test_bands_of_one_length() -> None:
    assert point_weight._bands([8, 28, 28], 154) == [1, 4, 28]
    assert point_weight._bands([8, 7, 7], 154) == [3, 7, 7]
    assert point_weight._bands([8, 31, 31], 154) == [1, 4, 31]
    assert point_weight._bands([25088], 154) == [154]


def test_where_packing_does_not_pay() -> None:
    def chosen(c: int, k: int) -> bool:
        x, g = np.zeros((1, 4, 4, c), "f"), np.zeros((1, 4, 4, k), "f")
        return is_point(launches(g, x, np.zeros((k, c, 1, 1), "f"), 1))

    assert chosen(256, 1024) and chosen(160, 960)
    assert chosen(16, 96) and chosen(64, 64) and not chosen(16, 16) and not chosen(8, 128)


def test_a_new_batch_size_is_the_same_kernel() -> None:
    def texts(images: int) -> list[str]:
        x, g = np.zeros((images, 7, 7, 256), "f"), np.zeros((images, 7, 7, 512), "f")
        return [each.kernel.text for each in launches(g, x, np.zeros((512, 256, 1, 1), "f"), 1)]

    assert texts(8) == texts(9) == texts(64)
