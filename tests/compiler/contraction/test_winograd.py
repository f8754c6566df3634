"""Convolutions of 3 x 3 taps by Winograd's algorithm: values, exactness, what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlight.compiler.contraction import (
    Epilogue,
    conv,
    conv_input_grad,
    conv_weight_grad,
    tile_shape,
    winograd,
)
from rushlight.runtime import cpu
from tests.compiler.contraction import machine
from tests.compiler.contraction.conv_cases import laid, reference

Array = np.ndarray[Any, Any]
Pair = tuple[int, int]
ONES = ((1, 1), (1, 1))
LANES = cpu.host().lanes(4)  # a weight gradient needs whole vectors


def run(
    x: Array, w: Array, padding: tuple[Pair, Pair] = ONES, parts: int = 0, **epilogue: Any
) -> Array:
    """The convolution; it must be Winograd's."""
    sizes = [x.shape[1 + axis] + sum(padding[axis]) - 2 for axis in range(2)]
    out = np.full((x.shape[0], *sizes, w.shape[0]), 77, "f")
    operands = map(machine.operand, (x, w, out))
    launches = conv(*operands, (1, 1), padding, (1, 1), 1, Epilogue(**epilogue))
    assert launches[-1].label.endswith("winograd")
    machine.run(launches, parts)
    return out


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 3), st.integers(11, 21), st.integers(11, 21),
    st.sampled_from((32, 33, 40, 128 + LANES)),
    st.sampled_from((32, 47, 64 + LANES, 72)),
    st.tuples(*[st.tuples(*[st.integers(-1, 3)] * 2)] * 2), st.integers(0, 3),
)  # fmt: skip
def test_values(
    images: int, height: int, width: int, channels: int, filters: int,
    padding: tuple[Pair, Pair], parts: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(images)
    x = rng.standard_normal((images + 2, height + 4, width + 4, channels)).astype("f")
    w = rng.standard_normal((filters, channels, 3, 3)).astype("f")
    # A negative padding cuts the image.
    cut = tuple(slice(max(-low, 0), -max(-high, 0) or None) for low, high in padding)
    kept = tuple((max(low, 0), max(high, 0)) for low, high in padding)
    want = reference(x[:, *cut], w, (1, 1), kept, (1, 1), 1)
    np.testing.assert_allclose(run(x, w, padding, parts), want, atol=3e-4)


def test_few_blocks_are_shared_evenly() -> None:
    """Whatever height of tile that takes: 128 blocks of four results, 64 and 64 at best."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((8, 7, 7, 32)).astype("f")
    w = rng.standard_normal((32, 32, 3, 3)).astype("f")
    want = reference(x, w, (1, 1), ONES, (1, 1), 1)
    np.testing.assert_allclose(run(x, w), want, atol=2e-4)
    for count in range(64, 700, 9):
        usual = tile_shape.tile("f32", 64)
        tile = winograd._cut(usual, count, 96)
        assert tile.columns == usual.columns
        busier = []
        for one in (tile, usual):
            block = winograd._block(one, count, 96)
            assert block <= 96
            blocks = -(-count // block)
            busier.append(-(-blocks // 2) * block)
        assert busier[0] <= busier[1]


def test_weights_that_no_cache_holds() -> None:
    """Those of the next part are asked for meanwhile; parts may be shorter than the others."""
    rng = np.random.default_rng(6)
    x = rng.standard_normal((4, 8, 8, 600)).astype("f")
    w = rng.standard_normal((640, 600, 3, 3)).astype("f") / 25
    want = reference(x, w, (1, 1), ONES, (1, 1), 1)
    np.testing.assert_allclose(run(x, w), want, atol=3e-4)


def test_what_follows() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 13, 14, 64)).astype("f")
    w = rng.standard_normal((32 + LANES, 64, 3, 3)).astype("f")
    bias = rng.standard_normal(32 + LANES).astype("f")
    residual = rng.standard_normal((3, 13, 14, 32 + LANES)).astype("f")
    sums = reference(x, w, (1, 1), ONES, (1, 1), 1)
    out = run(x, w, bias=machine.operand(bias), activation="relu")
    np.testing.assert_allclose(out, np.maximum(sums + bias, 0), atol=2e-4)
    out = run(x, w, bias=machine.operand(bias), residual=machine.operand(residual))
    np.testing.assert_allclose(out, sums + bias + residual, atol=2e-4)


def test_vectors_that_are_not_full() -> None:
    """The last one lies over the one before: the same results again. A residual may be in the
    results' own memory, and is not added twice."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((3, 13, 14, 35)).astype("f")
    w = rng.standard_normal((37, 35, 3, 3)).astype("f")
    bias = rng.standard_normal(37).astype("f")
    sums = reference(x, w, (1, 1), ONES, (1, 1), 1)
    out = run(x, w, bias=machine.operand(bias), activation="relu")
    np.testing.assert_allclose(out, np.maximum(sums + bias, 0), atol=2e-4)
    residual = rng.standard_normal((3, 13, 14, 37)).astype("f")
    want = sums + residual
    operands = [machine.operand(each) for each in (x, w, residual)]
    epilogue = Epilogue(residual=operands[2])
    machine.run(conv(*operands, (1, 1), ONES, (1, 1), 1, epilogue))
    np.testing.assert_allclose(residual, want, atol=2e-4)


def test_input_gradient() -> None:
    rng = np.random.default_rng(1)
    g = rng.standard_normal((3, 15, 17, 48)).astype("f")
    w = rng.standard_normal((48, 32, 3, 3)).astype("f")
    dx = np.full((3, 15, 17, 32), 77, "f")
    operands = map(machine.operand, (g, w, dx))
    launches = conv_input_grad(*operands, (1, 1), ONES, (1, 1), 1, Epilogue())
    assert launches[-1].label.endswith("winograd")
    machine.run(launches)
    turned = w.transpose(1, 0, 2, 3)[..., ::-1, ::-1]
    np.testing.assert_allclose(dx, reference(g, turned, (1, 1), ONES, (1, 1), 1), atol=2e-4)


@pytest.mark.parametrize("channels", [64, 512])
def test_as_exact_as_direct_sums(channels: int) -> None:
    """PyTorch 2.13's error (root of mean square) for such numbers: 1.02e-5 and 7.0e-5."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 14, 14, channels)).astype("f")
    w = rng.standard_normal((64, channels, 3, 3)).astype("f")
    error = run(x, w) - reference(x, w, (1, 1), ONES, (1, 1), 1)
    assert np.sqrt(np.mean(error**2)) < {64: 8e-6, 512: 3e-5}[channels]


def test_whole_numbers_are_exact() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(-20, 20, (2, 14, 14, 32)).astype("f")
    w = rng.integers(-20, 20, (32, 32, 3, 3)).astype("f")
    assert np.array_equal(run(x, w), reference(x, w, (1, 1), ONES, (1, 1), 1))


@pytest.mark.parametrize("filters", [32 + LANES, 37])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_not_finite_stays_where_it_belongs(odd: float, filters: int) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 14, 15, 35)).astype("f")
    w = rng.standard_normal((filters, 35, 3, 3)).astype("f")
    w[np.abs(w) < 1e-3] = 1
    x[1, 6, 7, 5] = x[0, 0, 0, 3] = x[0, 13, 14, 34] = odd
    with np.errstate(all="ignore"):
        want = reference(x, w, (1, 1), ONES, (1, 1), 1).astype("f")
    out = run(x, w)
    assert np.array_equal(np.isnan(out), np.isnan(want))
    assert np.array_equal(np.isinf(out), np.isinf(want))
    np.testing.assert_allclose(out, want, rtol=1e-4, atol=2e-4)


def test_an_infinite_weight_does_not_meet_what_is_not_there() -> None:
    """Forward, padding is zeros: nan. In the gradient of the input there is no padding."""
    rng = np.random.default_rng(5)
    x = rng.random((2, 14, 14, 32)).astype("f") + 1
    w = rng.random((32, 32, 3, 3)).astype("f")
    w[4, 7, 0, 0] = np.inf
    with np.errstate(all="ignore"):
        want = reference(x, w, (1, 1), ONES, (1, 1), 1)
    out = run(x, w)
    assert np.array_equal(np.isnan(out), np.isnan(want))
    assert np.array_equal(np.isinf(out), np.isinf(want))
    dx = np.zeros_like(x)
    operands = map(machine.operand, (x, w, dx))
    machine.run(conv_input_grad(*operands, (1, 1), ONES, (1, 1), 1, Epilogue()))
    assert not np.isnan(dx).any()
    assert np.isinf(dx).any(axis=(0, 1, 2)).nonzero()[0].tolist() == [7]


def test_channels_first_are_left_to_others() -> None:
    rng = np.random.default_rng(6)
    x = laid(rng.standard_normal((2, 14, 14, 32)).astype("f"), True)
    w = rng.standard_normal((32, 32, 3, 3)).astype("f")
    out = np.zeros((2, 14, 14, 32), "f")
    operands = map(machine.operand, (x, w, out))
    launches = conv(*operands, (1, 1), ONES, (1, 1), 1, Epilogue())
    assert not launches[-1].label.endswith("winograd")
    machine.run(launches)
    np.testing.assert_allclose(out, reference(x, w, (1, 1), ONES, (1, 1), 1), atol=2e-4)


def weight_gradient(g: Array, x: Array, padding: tuple[Pair, Pair] = ONES, parts: int = 0) -> Array:
    """It must be Winograd's."""
    dw = np.full((g.shape[-1], x.shape[-1], 3, 3), 77, "f")
    operands = map(machine.operand, (g, x, dw))
    launches = conv_weight_grad(*operands, (1, 1), padding, (1, 1), 1, Epilogue())
    assert launches[0].label.endswith("winograd")
    machine.run(launches, parts)
    return dw


def exact_weight_gradient(g: Array, x: Array, padding: tuple[Pair, Pair] = ONES) -> Array:
    """Tap by tap in float64."""
    padded = np.pad(x.astype("d"), ((0, 0), *padding, (0, 0)))
    rows = g.reshape(-1, g.shape[-1]).astype("d")
    dw = np.zeros((g.shape[-1], x.shape[-1], 3, 3))
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + g.shape[1], column : column + g.shape[2]]
            dw[:, :, row, column] = rows.T @ window.reshape(-1, x.shape[-1])
    return dw


@settings(max_examples=12, deadline=None)
@given(
    st.integers(1, 5), st.integers(11, 21), st.integers(11, 21),
    st.sampled_from((32, 32 + LANES, 128 + LANES)),
    st.sampled_from((32, 48, 128 + LANES)), st.tuples(*[st.tuples(*[st.integers(0, 3)] * 2)] * 2),
    st.integers(0, 3),
)  # fmt: skip
def test_weight_gradient(
    images: int, height: int, width: int, channels: int, filters: int,
    padding: tuple[Pair, Pair], parts: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(images)
    x = rng.standard_normal((images + 2, height + 4, width + 4, channels)).astype("f")
    sizes = [x.shape[1 + axis] + sum(padding[axis]) - 2 for axis in range(2)]
    g = rng.standard_normal((images + 2, *sizes, filters)).astype("f")
    want = exact_weight_gradient(g, x, padding)
    np.testing.assert_allclose(weight_gradient(g, x, padding, parts), want, atol=5e-4)


def test_weight_gradient_is_as_exact_as_direct_sums() -> None:
    """PyTorch 2.13's error for 64 channels of such numbers: 2.2e-4."""
    rng = np.random.default_rng(7)
    x = np.maximum(rng.standard_normal((8, 56, 56, 32)), 0).astype("f")
    g = rng.standard_normal((8, 56, 56, 32)).astype("f")
    error = weight_gradient(g, x) - exact_weight_gradient(g, x)
    assert np.sqrt(np.mean(error**2)) < 3e-5


@pytest.mark.parametrize("odd", [np.nan, np.inf, 3e38])
@pytest.mark.parametrize("which", ["g", "x"])
def test_weight_gradient_of_what_is_not_finite(odd: float, which: str) -> None:
    rng = np.random.default_rng(8)
    g = rng.standard_normal((3, 13, 14, 128 + LANES)).astype("f")
    x = rng.random((3, 13, 14, 32 + LANES)).astype("f") + 1
    # A corner of the image meets four taps only; the others are finite.
    if which == "x":
        x[1, 0, 0, 7] = x[0, 6, 6, 33] = odd
        x[2, 12, 13, 9] = -odd
    else:
        g[1, 0, 0, 7] = g[0, 6, 6, 131] = odd
        g[2, 12, 13, 9] = -odd
    with np.errstate(all="ignore"):
        want = exact_weight_gradient(g, x).astype("f")
    dw = weight_gradient(g, x)
    assert np.array_equal(np.isnan(dw), np.isnan(want))
    assert np.array_equal(np.isinf(dw), np.isinf(want))
    np.testing.assert_allclose(dw, want, rtol=1e-4, atol=3e-4)
