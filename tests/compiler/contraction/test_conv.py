"""conv and both gradients against NumPy: sizes, strides, padding, dilation, groups, layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from rushlight.compiler.contraction import Epilogue, conv, conv_input_grad, conv_weight_grad
from rushlight.compiler.contraction.pixels_kernel import WORDS
from rushlight.runtime import cpu
from tests.compiler.contraction import machine
from tests.compiler.contraction.conv_cases import (
    BIG,
    Case,
    arrays,
    cases,
    filled,
    gradients,
    laid,
    options,
    reference,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(cases())
def test_forward(case: Case) -> None:
    x, w, want = arrays(case)
    x, out = laid(x, case["first"][0]), laid(np.full(want.shape, 77, "f"), case["first"][1])
    launches = conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue())
    machine.run(launches, case["parts"])
    np.testing.assert_allclose(out, want, atol=1e-3)


@pytest.mark.parametrize("case", BIG, ids=lambda case: "x".join(map(str, case["x"])))
@pytest.mark.parametrize("first", [False, True])
def test_forward_in_blocks(case: Case, first: bool) -> None:
    case = filled(case)
    x, w, want = arrays(case)
    x, out = laid(x, first), np.zeros(want.shape, "f")
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()), 3)
    np.testing.assert_allclose(out, want, atol=2e-3)


@pytest.mark.parametrize("shift", [0, 4])
def test_results_that_no_cache_holds(shift: int) -> None:
    """They go past the caches where they begin with a line, or not."""
    case = filled({"x": (2, 256, 1029, 3), "filters": 16, "taps": (1, 1)})
    x, w, want = arrays(case)
    room = machine.aligned(np.full(want.size + shift, 77, "f"))
    out, bias = room[shift:].reshape(want.shape), np.arange(16, dtype="f")
    epilogue = Epilogue(machine.operand(bias), activation="relu")
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), epilogue), 3)
    np.testing.assert_allclose(out, np.maximum(want + bias, 0), atol=1e-4)
    assert (room[:shift] == 77).all()


def check_gradients(case: Case) -> None:
    x, w, out = arrays(case)
    g = np.random.default_rng(5).standard_normal(out.shape).astype("f")
    want_dx, want_dw = gradients(g, x, w, case)
    first = case["first"]
    x, g = laid(x, first[0]), laid(g, first[1])
    dx, dw = laid(np.full(x.shape, 77, "f"), first[2]), np.full(w.shape, 77, "f")
    grads = conv_input_grad(*map(machine.operand, (g, w, dx)), *options(case), Epilogue())
    machine.run(grads, case["parts"])
    np.testing.assert_allclose(dx, want_dx, atol=2e-3)
    grads = conv_weight_grad(*map(machine.operand, (g, x, dw)), *options(case), Epilogue())
    machine.run(grads, case["parts"])
    np.testing.assert_allclose(dw, want_dw, atol=3e-3, rtol=1e-4)


def test_zeros_that_no_cache_holds() -> None:
    check_gradients(
        filled({"x": (1, 380, 410, 32), "filters": 7, "taps": (1, 1), "stride": (2, 2)})
    )


@settings(max_examples=80, deadline=None)
@given(cases())
def test_gradients(case: Case) -> None:
    check_gradients(case)


@pytest.mark.parametrize("case", BIG, ids=lambda case: "x".join(map(str, case["x"])))
@pytest.mark.parametrize("first", [False, True])
def test_gradients_in_blocks(case: Case, first: bool) -> None:
    check_gradients(filled(case) | {"first": (first, first, first)})


@pytest.mark.parametrize("first", [False, True])
def test_epilogue(first: bool) -> None:
    case = filled({"x": (2, 9, 10, 8), "filters": 22, "taps": (3, 3), "padding": ((1, 1), (1, 1))})
    x, w, want = arrays(case)
    rng = np.random.default_rng(9)
    bias, residual = rng.standard_normal(22).astype("f"), rng.standard_normal(want.shape)
    residual, out = laid(residual.astype("f"), False), laid(np.zeros(want.shape, "f"), first)
    epilogue = Epilogue(machine.operand(bias), None, "relu", machine.operand(residual))
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), epilogue), 2)
    np.testing.assert_allclose(out, np.maximum(want + bias + residual, 0), atol=1e-4)
    # The same for each channel on its own.
    one = case | {"groups": 8, "filters": 8}
    x1, w1, want1 = arrays(one)
    out, residual = np.zeros(want1.shape, "f"), residual[..., :8]
    epilogue = Epilogue(machine.operand(bias[:8]), None, "relu", machine.operand(residual))
    machine.run(conv(*map(machine.operand, (x1, w1, out)), *options(one), epilogue))
    np.testing.assert_allclose(out, np.maximum(want1 + bias[:8] + residual, 0), atol=1e-4)
    # A transposed convolution with a bias for each of its output channels.
    g, channel_bias = want.astype("f"), rng.standard_normal(8).astype("f")
    dx, want_dx = np.zeros_like(x), gradients(want, x, w, case)[0]
    epilogue = Epilogue(bias=machine.operand(channel_bias))
    machine.run(conv_input_grad(*map(machine.operand, (g, w, dx)), *options(case), epilogue))
    np.testing.assert_allclose(dx, want_dx + channel_bias, atol=1e-2)


@pytest.mark.parametrize("taps", [(5, 5), (7, 7), (3, 2), (2, 6), (1, 7), (4, 8), (3, 1)])
@pytest.mark.parametrize("channels", [5, 37, 80])
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_rows_of_taps_of_single_channels(taps: tuple[int, int], channels: int, dtype: str) -> None:
    """Taps side by side share inputs; wider rows, steps and dilation do not. The last tile
    of a row is full, and is not."""
    for size, more in (((9, 28), {}), ((8, 13), {}), ((9, 19), {"dilation": (2, 2)}),
                       ((9, 19), {"stride": (1, 2)}), ((3, 4), {})):  # fmt: skip
        case = filled({"x": (2, *size, channels), "filters": channels, "taps": taps})
        case |= {"groups": channels, "padding": ((2, 3), (4, 1))} | more
        if case.get("dilation") == (2, 2) and max(taps) > 6:
            continue  # longer than the image
        x, w, want = (array.astype(dtype) for array in arrays(case))
        out = np.full(want.shape, 77, dtype)
        machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()), 2)
        np.testing.assert_allclose(out, want, atol=1e-4 if dtype == "f" else 1e-11)
        want_dx = gradients(want, x, w, case)[0]
        dx = np.full(x.shape, 77, dtype)
        machine.run(
            conv_input_grad(*map(machine.operand, (out, w, dx)), *options(case), Epilogue())
        )
        np.testing.assert_allclose(dx, want_dx, atol=2e-2 if dtype == "f" else 1e-10)


@pytest.mark.parametrize("filters", [1, 3, 6, 7, 11, 13, 18, 20])
@pytest.mark.parametrize("first", [(False, False), (False, True), (True, False), (True, True)])
@pytest.mark.parametrize("dtype", ["f", "d"])
def test_few_channels(filters: int, first: tuple[bool, bool], dtype: str) -> None:
    for padding in (((0, 0), (0, 0)), ((2, 1), (0, 3))):
        case = filled({"x": (3, 21, 28, 5), "filters": filters, "taps": (5, 4)})
        case |= {"padding": padding, "dilation": (2, 1), "stride": (2, 1)}
        x, w, want = arrays(case, dtype)
        bias = np.random.default_rng(9).standard_normal(filters).astype(dtype)
        x, out = laid(x, first[0]), laid(np.full(want.shape, 77, dtype), first[1])
        epilogue = Epilogue(machine.operand(bias), None, "relu")
        machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), epilogue), 2)
        np.testing.assert_allclose(out, np.maximum(want + bias, 0), atol=1e-4)
        check_gradients(case | {"first": (*first, first[0])})


@pytest.mark.parametrize("first", [(False, False, False), (True, True, True)])
@pytest.mark.parametrize("images", [1, 2, 5])
@pytest.mark.parametrize("width, taps", [(1, 5), (1, 3), (2, 4), (3, 3)])
def test_input_gradients_with_taps_apart(
    width: int, taps: int, images: int, first: tuple[bool, bool, bool]
) -> None:
    lanes = cpu.host().lanes(4)
    size = (8, width * lanes + taps - 1)
    case = filled({"x": (images, *size, 6), "filters": 7, "taps": (3, taps), "first": first})
    x, w, out = arrays(case)
    launches = conv_input_grad(
        *map(machine.operand, (out.astype("f"), w, x)), *options(case), Epilogue()
    )
    along = launches[-1].words[WORDS.index("taps_column")]
    assert (cpu.host().registers, lanes) != (16, 8) or along == 1
    check_gradients(case)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_halves_sum_in_f32(name: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.float16 if name == "float16" else ml_dtypes.bfloat16
    case = filled({"x": (2, 8, 9, 40), "filters": 18, "taps": (3, 3), "stride": (1, 2)})
    x, w, _ = arrays(case)
    x, w = x.astype(dtype), w.astype(dtype)
    want = reference(x, w, *options(case))
    out = np.zeros(want.shape, dtype)
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()))
    step = 2.0**-7 if name == "bfloat16" else 2.0**-10
    np.testing.assert_allclose(out.astype("d"), want, rtol=step, atol=0.01)
    g, dx, dw = out, np.zeros(x.shape, dtype), np.zeros(w.shape, dtype)
    want_dx, want_dw = gradients(g, x.astype("d"), w.astype("d"), case)
    machine.run(conv_input_grad(*map(machine.operand, (g, w, dx)), *options(case), Epilogue()))
    np.testing.assert_allclose(dx.astype("d"), want_dx, rtol=2 * step, atol=0.5)
    machine.run(conv_weight_grad(*map(machine.operand, (g, x, dw)), *options(case), Epilogue()))
    np.testing.assert_allclose(dw.astype("d"), want_dw, rtol=2 * step, atol=0.5)


FEW = {"x": (11, 28, 28, 6), "filters": 5, "taps": (3, 3), "padding": ((1, 1), (1, 1))}


@pytest.mark.parametrize("case", [BIG[0], BIG[2], FEW], ids=["bands", "images", "few channels"])
def test_parts_give_the_same_bits(case: Case) -> None:
    case = filled(case)
    x, w, want = arrays(case)
    g = want.astype("f")
    results = []
    for parts in (1, 5):
        out, dx, dw = np.zeros_like(g), np.zeros_like(x), np.zeros_like(w)
        for launches in (
            conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()),
            conv_input_grad(*map(machine.operand, (g, w, dx)), *options(case), Epilogue()),
            conv_weight_grad(*map(machine.operand, (g, x, dw)), *options(case), Epilogue()),
        ):
            machine.run(launches, parts)
        results.append((out.tobytes(), dx.tobytes(), dw.tobytes()))
    assert results[0] == results[1]


def test_a_new_batch_size_is_the_same_kernel() -> None:
    def texts(images: int) -> list[str]:
        x, w = np.zeros((images, 32, 32, 3), "f"), np.zeros((6, 3, 5, 5), "f")
        g, dx, dw = np.zeros((images, 28, 28, 6), "f"), np.zeros_like(x), np.zeros_like(w)
        options = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1, Epilogue())
        launches = [
            *conv(*map(machine.operand, (x, w, g)), *options),
            *conv_input_grad(*map(machine.operand, (g, w, dx)), *options),
            *conv_weight_grad(*map(machine.operand, (g, x, dw)), *options),
        ]
        return [launch.kernel.text for launch in launches]

    assert texts(4) == texts(3) == texts(128)


@pytest.mark.parametrize(("taps", "channels", "streams"), [(1, 96, 1), (1, 700, 0), (3, 96, 0)])
def test_which_convolutions_ask_for_inputs_ahead(taps: int, channels: int, streams: int) -> None:
    """One tap, all channels at once: the inputs of a tile lie together, and so do the next."""
    x, w = np.zeros((2, 9, 9, channels), "f"), np.zeros((24, channels, taps, taps), "f")
    out = np.zeros((2, 10 - taps, 10 - taps, 24), "f")
    options = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1, Epilogue())
    text = conv(*map(machine.operand, (x, w, out)), *options)[-1].kernel.text
    assert text.count("call void @llvm.prefetch") == streams


@pytest.mark.parametrize("groups", [1, 4])
def test_padding_meets_infinity_as_zeros_do(groups: int) -> None:
    # A padded tap under an infinite weight is nan, other results are not.
    x, w = np.ones((1, 6, 9, 4), "f"), np.ones((8, 4 // groups, 3, 3), "f")
    x[0, 2, 3, 1], w[3, -1, 1, 1], w[2, 0, 0, 2] = np.nan, np.inf, np.inf
    case = filled({"groups": groups, "taps": (3, 3), "padding": ((1, 1), (1, 1))})
    if groups == 4:
        w = np.ascontiguousarray(w[::2])  # depthwise
    with np.errstate(invalid="ignore"):
        want = reference(x, w, *options(case))
        g = np.ones(want.shape, "f")
        g[0, 0, 4, 1], g[0, 5, 8, 0] = np.inf, -np.inf
        want_dw = gradients(g, x, w, case)[1]
    out, dw = np.zeros(want.shape, "f"), np.zeros(w.shape, "f")
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()))
    machine.run(conv_weight_grad(*map(machine.operand, (g, x, dw)), *options(case), Epilogue()))
    for got, exact in ((out, want), (dw, want_dw)):
        np.testing.assert_array_equal(np.isnan(got), np.isnan(exact))
        np.testing.assert_array_equal(np.isinf(got), np.isinf(exact))


def test_padding_between_wide_taps_meets_nothing() -> None:
    """What is left out for speed is not there for infinite weights either."""
    case = filled({"x": (1, 9, 9, 32), "filters": 33, "taps": (3, 3), "dilation": (5, 5)})
    case |= {"padding": ((5, 5), (5, 5))}
    x, w, _ = arrays(case)
    x = np.abs(x) + 1
    w[3] = np.inf
    out = np.zeros((1, 9, 9, 33), "f")
    machine.run(conv(*map(machine.operand, (x, w, out)), *options(case), Epilogue()))
    assert np.isposinf(out[..., 3]).all()
    assert np.isfinite(np.delete(out, 3, -1)).all()


def test_an_empty_batch() -> None:
    x, w, g = np.zeros((0, 8, 8, 3), "f"), np.ones((6, 3, 3, 3), "f"), np.zeros((0, 6, 6, 6), "f")
    dw = np.full_like(w, 7)
    options: tuple[Any, ...] = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1, Epilogue())
    assert conv(*map(machine.operand, (x, w, g)), *options) == []
    machine.run(conv_weight_grad(*map(machine.operand, (g, x, dw)), *options))
    assert not dw.any()


def test_wrong_shapes_are_refused() -> None:
    x, w, out = (np.zeros(shape, "f") for shape in ((1, 8, 8, 3), (6, 3, 3, 3), (1, 7, 6, 6)))
    with pytest.raises(ValueError, match=r"conv: x f32\(1, 8, 8, 3\), w f32\(6, 3, 3, 3\)"):
        conv(*map(machine.operand, (x, w, out)), (1, 1), ((0, 0), (0, 0)), (1, 1), 1, Epilogue())


def test_small_batches_are_shared_by_images() -> None:
    case = filled({"x": (4, 12, 12, 10), "filters": 20, "taps": (5, 5)})
    x, w, out = arrays(case)
    g, dw = out.astype("f"), np.zeros_like(w)
    launches = conv_weight_grad(*map(machine.operand, (g, x, dw)), *options(case), Epilogue())
    assert [launch.chunks for launch in launches] == [2, 1]
    machine.run(launches, 3)
    np.testing.assert_allclose(dw, gradients(g, x, w, case)[1], rtol=1e-4, atol=3e-3)


@pytest.mark.parametrize(
    ("images", "channels", "filters", "size"),
    [(8, 960, 160, 7), (8, 1280, 320, 7), (8, 96, 576, 14), (8, 576, 96, 14), (3, 640, 96, 5)],
)
def test_two_threads_get_equal_shares(images: int, channels: int, filters: int, size: int) -> None:
    rng = np.random.default_rng(0)
    x = machine.aligned(rng.standard_normal((images, size, size, channels)).astype("f"))
    w = machine.aligned(rng.standard_normal((filters, channels, 1, 1)).astype("f"))
    out = machine.aligned(np.zeros((images, size, size, filters), "f"))
    options = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1, Epilogue())
    launches = conv(*map(machine.operand, (x, w, out)), *options)
    assert launches[-1].chunks % 2 == 0
    machine.run(launches, parts=3)
    expected = reference(x, w, (1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-3)
    dw = machine.aligned(np.zeros_like(w))
    launches = conv_weight_grad(*map(machine.operand, (out, x, dw)), *options)
    assert launches[0].chunks % 2 == 0
    machine.run(launches, parts=3)
    product = np.einsum("nhwk,nhwc->kc", out.astype("d"), x.astype("d"))
    np.testing.assert_allclose(dw[:, :, 0, 0], product, rtol=1e-4, atol=1e-4 * abs(product).max())
