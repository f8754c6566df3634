"""Winograd's convolutions of float16 and bfloat16: each sum in float32, rounded once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.compiler.contraction import Epilogue, conv, conv_input_grad, conv_weight_grad
from rushlight.runtime import cpu
from tests.compiler.contraction import machine
from tests.compiler.contraction.conv_cases import reference
from tests.compiler.contraction.test_winograd import ONES, exact_weight_gradient

ml_dtypes = pytest.importorskip("ml_dtypes")
Array = np.ndarray[Any, Any]
LANES = cpu.host().lanes(4)
KINDS = [(np.dtype(np.float16), 2.0**-10), (np.dtype(ml_dtypes.bfloat16), 2.0**-7)]
each_kind = pytest.mark.parametrize(("dtype", "step"), KINDS, ids=["float16", "bfloat16"])


def _some(seed: int, *shape: int, dtype: np.dtype[Any]) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def _run(launches: Any, which: int = -1) -> None:
    assert launches[which].label.endswith("winograd")
    machine.run(launches)


@each_kind
def test_forward(dtype: np.dtype[Any], step: float) -> None:
    filters = 32 + LANES
    x, w = _some(0, 3, 13, 14, 35, dtype=dtype), _some(1, filters, 35, 3, 3, dtype=dtype)
    bias, residual = _some(2, filters, dtype=dtype), _some(3, 3, 13, 14, filters, dtype=dtype)
    out = np.zeros((3, 13, 14, filters), dtype)
    epilogue = Epilogue(
        bias=machine.operand(bias), residual=machine.operand(residual), activation="relu"
    )
    _run(conv(*map(machine.operand, (x, w, out)), (1, 1), ONES, (1, 1), 1, epilogue))
    want = reference(x.astype("f"), w.astype("f"), (1, 1), ONES, (1, 1), 1)
    want = np.maximum(want + bias.astype("f") + residual.astype("f"), 0)
    np.testing.assert_allclose(out.astype("f"), want, rtol=step, atol=3e-4)


@each_kind
def test_input_gradient(dtype: np.dtype[Any], step: float) -> None:
    g, w = _some(0, 3, 15, 17, 48, dtype=dtype), _some(1, 48, 37, 3, 3, dtype=dtype)
    dx = np.zeros((3, 15, 17, 37), dtype)
    operands = map(machine.operand, (g, w, dx))
    _run(conv_input_grad(*operands, (1, 1), ONES, (1, 1), 1, Epilogue()))
    turned = w.astype("f").transpose(1, 0, 2, 3)[..., ::-1, ::-1]
    want = reference(g.astype("f"), turned, (1, 1), ONES, (1, 1), 1)
    np.testing.assert_allclose(dx.astype("f"), want, rtol=step, atol=3e-4)


@each_kind
@pytest.mark.parametrize("shape", [(8, 20, 20, 32, 32), (2, 12, 13, 128 + LANES, 640)])
def test_weight_gradient(dtype: np.dtype[Any], step: float, shape: tuple[int, ...]) -> None:
    """In shares of the batch, which are rounded once they are added; in one."""
    images, height, width, channels, filters = shape
    g = _some(0, images, height, width, filters, dtype=dtype)
    x = _some(1, images, height, width, channels, dtype=dtype)
    dw = np.zeros((filters, channels, 3, 3), dtype)
    operands = map(machine.operand, (g, x, dw))
    launches = conv_weight_grad(*operands, (1, 1), ONES, (1, 1), 1, Epilogue())
    assert len(launches) == (2 if channels == 32 else 1)
    _run(launches, 0)
    want = exact_weight_gradient(g, x)
    np.testing.assert_allclose(dw.astype("f"), want, rtol=step, atol=6e-4)


@each_kind
def test_what_is_not_finite(dtype: np.dtype[Any], step: float) -> None:
    """The direct sums take over: infinities stay where they belong, forward and in gradients."""
    x, w = _some(4, 2, 14, 15, 35, dtype=dtype), _some(5, 32 + LANES, 35, 3, 3, dtype=dtype)
    w[np.abs(w.astype("f")) < 1e-2] = 1
    x[1, 6, 7, 5] = np.inf
    out = np.zeros((2, 14, 15, 32 + LANES), dtype)
    _run(conv(*map(machine.operand, (x, w, out)), (1, 1), ONES, (1, 1), 1, Epilogue()))
    want = reference(x.astype("f"), w.astype("f"), (1, 1), ONES, (1, 1), 1)
    np.testing.assert_allclose(out.astype("f"), want, rtol=step, atol=3e-4)
    g, x = _some(6, 3, 13, 14, 32 + LANES, dtype=dtype), _some(7, 3, 13, 14, 32, dtype=dtype)
    x = np.abs(x) + np.ones((), dtype)
    g[1, 0, 0, 7] = np.inf  # a corner: four taps only
    dw = np.zeros((32 + LANES, 32, 3, 3), dtype)
    _run(
        conv_weight_grad(*map(machine.operand, (g, x, dw)), (1, 1), ONES, (1, 1), 1, Epilogue()), 0
    )
    with np.errstate(invalid="ignore"):
        sums = exact_weight_gradient(g, x)
    assert 0 < np.isinf(dw.astype("f")).sum() == np.isinf(sums).sum()
    np.testing.assert_allclose(dw.astype("f"), sums, rtol=step, atol=6e-4)
