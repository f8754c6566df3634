"""Input gradients of few channels with all phases at once, against NumPy and tap by tap."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.compiler.contraction import Epilogue, conv, conv_input_grad
from tests.compiler.contraction import machine
from tests.compiler.contraction.conv_cases import Array, Case, arrays, filled, gradients, options

CASES: dict[str, Case] = {
    "first layer": {"x": (2, 40, 65, 3), "filters": 20, "taps": (7, 7), "stride": (2, 2),
                    "padding": ((3, 3), (3, 3))},
    "transposed": {"x": (1, 24, 66, 1), "filters": 5, "taps": (4, 4), "stride": (2, 2),
                   "padding": ((1, 1), (1, 1))},
    "more steps than taps": {"x": (1, 13, 140, 2), "filters": 6, "taps": (2, 3), "stride": (3, 4),
                             "padding": ((0, 1), (2, 0))},
    "short rows": {"x": (3, 9, 28, 2), "filters": 7, "taps": (3, 5), "stride": (1, 2),
                   "padding": ((2, 0), (1, 2))},
    "one axis": {"x": (2, 201, 2), "filters": 9, "taps": (8,), "stride": (4,),
                 "padding": ((3, 0),)},
    "bands": {"x": (1, 150, 70, 2), "filters": 40, "taps": (5, 3), "stride": (2, 2)},
    "no steps": {"x": (2, 11, 130, 3), "filters": 6, "taps": (3, 5), "padding": ((1, 2), (2, 1))},
}  # fmt: skip


def planes(room: Array, shape: tuple[int, ...]) -> Array:
    """An array of ``shape``, channels last, whose planes lie together in the middle of ``room``."""
    inner = room[32:-32].reshape(shape[0], shape[-1], *shape[1:-1])
    return np.moveaxis(inner, 1, -1)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("activation", [None, "relu"])
def test_input_gradients(name: str, dtype: str, activation: str | None) -> None:
    case = filled(CASES[name])
    x, w, out = arrays(case, dtype)
    rng = np.random.default_rng(5)
    g = rng.standard_normal(out.shape).astype(dtype)
    want, _ = gradients(g, x, w, case)
    epilogue = Epilogue()
    if activation:
        bias = rng.standard_normal(x.shape[-1]).astype(dtype)
        epilogue = Epilogue(machine.operand(bias), None, activation)
        want = np.maximum(want + bias, 0)
    results = []
    for parts in (1, 4):
        room = np.full(x.size + 64, 77, dtype)
        dx = planes(room, x.shape)
        launches = conv_input_grad(*map(machine.operand, (g, w, dx)), *options(case), epilogue)
        assert launches[-1].kernel.symbol.startswith("phased")
        machine.run(launches, parts)
        np.testing.assert_allclose(dx, want, atol=1e-4 if dtype == "f" else 1e-10)
        assert (room[:32] == 77).all() and (room[-32:] == 77).all()
        results.append(room.tobytes())
    assert results[0] == results[1]


def test_a_convolution_to_few_channels() -> None:
    case = filled({"x": (2, 10, 130, 6), "filters": 3, "taps": (3, 5), "padding": ((1, 2), (2, 1))})
    x, w, want = arrays(case)
    out = planes(np.full(want.size + 64, 77, "f"), want.shape)
    launches = conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue())
    assert launches[-1].kernel.symbol.startswith("phased")
    machine.run(launches, 3)
    np.testing.assert_allclose(out, want, atol=1e-4)


def test_weights_that_meet_padding() -> None:
    """An infinite weight times a zero of a convolution's padding is nan."""
    case = filled({"x": (1, 4, 130, 1), "filters": 1, "taps": (3, 1), "padding": ((1, 1), (0, 0))})
    x, w, want = arrays(case)
    w[0, 0, 0, 0] = np.inf  # the first row of results has it on padding
    out = planes(np.zeros(want.size + 64, "f"), want.shape)
    launches = conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue())
    assert launches[-1].kernel.symbol.startswith("phased")
    machine.run(launches)
    assert np.isnan(out[:, 0]).all()
    assert not np.isnan(out[:, 1:]).any()
