"""matmul against NumPy: sizes around the tile's edges, strides, batches, dtypes, epilogues."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushlight.compiler.contraction import Epilogue, Operand, choose, matmul
from rushlight.compiler.launch import Ref
from tests.compiler.contraction import machine

Array = np.ndarray[Any, Any]
SIZES = (1, 2, 4, 5, 6, 7, 8, 12, 15, 16, 17, 23, 33, 64, 100)


def strided(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, how: str) -> Array:
    """Random numbers that lie in memory as ``how`` says."""
    if how == "turned":
        return np.swapaxes(strided(rng, (*shape[:-2], shape[-1], shape[-2]), dtype, ""), -1, -2)
    if how == "sparse":
        return strided(rng, (*shape[:-1], 2 * shape[-1]), dtype, "")[..., ::2]
    if how == "wide":
        return strided(rng, (*shape[:-1], shape[-1] + 3), dtype, "")[..., : shape[-1]]
    if how == "backward":
        return strided(rng, shape, dtype, "")[..., ::-1, ::-1]
    if np.dtype(dtype).kind in "iu":
        return rng.integers(-9, 9, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def check(a: Array, b: Array, out: Array, parts: int = 0) -> None:
    out[...] = 77
    machine.run(
        matmul(machine.operand(a), machine.operand(b), machine.operand(out), Epilogue()), parts
    )
    want = np.matmul(a.astype(np.float64), b.astype(np.float64))
    scale = np.matmul(abs(a).astype(np.float64), abs(b).astype(np.float64)) + 1
    tolerance = {2: 1e-3, 4: 1e-6, 8: 1e-13}[out.itemsize]
    assert np.all(abs(out.astype(np.float64) - want) <= tolerance * scale)


HOW = st.sampled_from(("", "turned", "sparse", "wide", "backward"))


@settings(max_examples=60, deadline=None)
@given(
    *[st.sampled_from(SIZES)] * 3,
    *[HOW] * 3,
    st.sampled_from((np.float32, np.float64)),
    st.integers(0, 3),
)  # fmt: skip
def test_sizes_and_strides(
    m: int, k: int, n: int, how_a: str, how_b: str, how_out: str, dtype: Any, parts: int
) -> None:
    rng = np.random.default_rng(m * 10007 + k * 101 + n)
    a, b = strided(rng, (m, k), dtype, how_a), strided(rng, (k, n), dtype, how_b)
    check(a, b, strided(rng, (m, n), dtype, how_out), parts)


@pytest.mark.parametrize(
    "batch, m, k, n",
    [((), 129, 35, 1), ((), 300, 70, 5), ((2, 2), 131, 129, 10), ((3,), 130, 200, 12),
     ((), 100, 150, 10), ((2,), 31, 133, 203), ((), 9, 97, 64)],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_few_columns_are_dot_products(
    batch: tuple[int, ...], m: int, k: int, n: int, dtype: Any
) -> None:
    rng = np.random.default_rng(m + n)
    a, b = (
        strided(rng, (*batch, m, k), dtype, "wide"),
        strided(rng, (*batch, k, n), dtype, "turned"),
    )
    out = strided(rng, (*batch, m, n), dtype, "sparse")
    launches = matmul(*map(machine.operand, (a, b, out)), Epilogue())
    assert [launch.kernel.symbol.partition("_")[0] for launch in launches] == ["dot"]
    check(a, b, out, 2)
    # A bias of columns is one of rows where the two have changed places.
    bias, residual = strided(rng, (n,), dtype, ""), strided(rng, (*batch, m, n), dtype, "")
    epilogue = Epilogue(bias=machine.operand(bias), residual=machine.operand(residual))
    machine.run(matmul(*map(machine.operand, (a, b, out)), epilogue))
    want = np.matmul(a.astype(np.float64), b.astype(np.float64)) + bias + residual
    assert np.allclose(out, want, rtol=1e-5, atol=1e-4 if dtype is np.float32 else 1e-10)


@pytest.mark.parametrize(
    "batch, m, k, n",
    [((), 24, 512, 24), ((), 100, 700, 131), ((2, 3), 32, 515, 40), ((2, 1, 2, 2), 32, 513, 37),
     ((), 64, 9000, 70)],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("extras", [False, True])
def test_few_rows_by_weights_that_lie_along_the_depth(
    batch: tuple[int, ...], m: int, k: int, n: int, dtype: Any, extras: bool
) -> None:
    rng = np.random.default_rng(m + k)
    a, b = strided(rng, (*batch, m, k), dtype, ""), strided(rng, (*batch, k, n), dtype, "turned")
    out = strided(rng, (*batch, m, n), dtype, "")
    launches = matmul(*map(machine.operand, (a, b, out)), Epilogue())
    # The few rows are packed, not the weights.
    assert launches[0].bytes < 3 * a.nbytes
    check(a, b, out, 3)
    if extras:
        bias, residual = rng.standard_normal(n).astype(dtype), strided(rng, out.shape, dtype, "")
        epilogue = Epilogue(
            bias=machine.operand(bias), activation="relu", residual=machine.operand(residual)
        )
        machine.run(matmul(*map(machine.operand, (a, b, out)), epilogue))
        want = np.maximum(np.matmul(a.astype("d"), b.astype("d")) + bias + residual, 0)
        np.testing.assert_allclose(out, want, atol=2e-3)


@pytest.mark.parametrize(
    "m, k, n", [(10, 3, 100), (32, 7, 99), (200, 2, 1), (200, 50, 1), (1, 3, 200), (5, 300, 1)]
)
@pytest.mark.parametrize("how", ["", "turned", "wide"])
def test_short_runs_and_vectors(m: int, k: int, n: int, how: str) -> None:
    rng = np.random.default_rng(m + k + n)
    a, b = strided(rng, (m, k), np.float32, how), strided(rng, (k, n), np.float32, "turned")
    check(a, b, strided(rng, (m, n), np.float32, "wide"), 2)
    check(a, np.ascontiguousarray(b), strided(rng, (m, n), np.float32, "turned"), 2)


@pytest.mark.parametrize("shape", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (20, 0, 40)])
def test_nothing_to_sum_or_store(shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    a, b, out = np.zeros((m, k), "f"), np.zeros((k, n), "f"), np.full((m, n), 5, "f")
    bias = np.arange(n).astype("f")
    launches = matmul(*map(machine.operand, (a, b, out)), Epilogue(bias=machine.operand(bias)))
    assert bool(launches) == (m * n > 0)
    machine.run(launches)
    np.testing.assert_array_equal(out, np.broadcast_to(bias, (m, n)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 5, 7), (3, 7, 9)),
        ((2, 3, 4, 33), (1, 3, 33, 20)),
        ((2, 3, 2, 2, 4, 5), (2, 3, 2, 2, 5, 18)),
        ((4, 50, 40), (1, 40, 60)),
        ((1, 50, 300), (4, 300, 100)),
    ],
)
def test_batches(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    batch = np.broadcast_shapes(a[:-2], b[:-2])
    left = np.broadcast_to(strided(rng, a, "f", ""), (*batch, *a[-2:]))
    right = np.broadcast_to(strided(rng, b, "f", ""), (*batch, *b[-2:]))
    check(left, right, np.zeros((*batch, a[-2], b[-1]), "f"))
    # Axes in another order in memory: the batch cannot be walked as one.
    moved = np.ascontiguousarray(np.moveaxis(left, -2, 0))
    check(np.moveaxis(moved, 0, -2), right, np.zeros((*batch, a[-2], b[-1]), "f"))


@pytest.mark.parametrize("shape", [(13, 300, 40), (150, 700, 100), (4, 600, 600)])
@pytest.mark.parametrize("turn", [False, True])
def test_many_blocks_and_parts_give_the_same_bits(shape: tuple[int, int, int], turn: bool) -> None:
    m, k, n = shape
    rng = np.random.default_rng(1)
    a = strided(rng, (m, k), "f", "turned" if turn else "")
    b = strided(rng, (k, n), "f", "turned" if turn else "")
    first, second = np.zeros((m, n), "f"), np.zeros((m, n), "f")
    check(a, b, first, 1)
    check(a, b, second, 7)
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("dtype", ["i8", "u1", "i2", "i4", "i8"])
def test_integers_wrap(dtype: str) -> None:
    rng = np.random.default_rng(2)
    a, b = (
        rng.integers(0, 100, (3, 7, 30)).astype(dtype),
        rng.integers(0, 100, (3, 30, 5)).astype(dtype),
    )
    out = np.zeros((3, 7, 5), dtype)
    machine.run(matmul(*map(machine.operand, (a, b, out)), Epilogue()))
    np.testing.assert_array_equal(out, np.matmul(a, b))


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(5, 3, 7), (30, 600, 50), (40, 0, 9)])
@pytest.mark.parametrize("how", ["", "turned"])
def test_halves_sum_in_f32(name: str, shape: tuple[int, int, int], how: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.float16 if name == "float16" else ml_dtypes.bfloat16
    m, k, n = shape
    rng = np.random.default_rng(3)
    a = strided(rng, (m, k), "f", how).astype(dtype)
    b = strided(rng, (k, n), "f", how).astype(dtype)
    out, bias = np.zeros((m, n), dtype), rng.standard_normal(n).astype(dtype)
    machine.run(matmul(*map(machine.operand, (a, b, out)), Epilogue(bias=machine.operand(bias))))
    want = a.astype("f") @ b.astype("f") + bias.astype("f")
    step = 2.0**-7 if name == "bfloat16" else 2.0**-10
    np.testing.assert_allclose(out.astype("f"), want, rtol=step, atol=step / 10)


@pytest.mark.parametrize("shape", [(7, 20, 9), (64, 300, 32), (4, 9, 33)])
@pytest.mark.parametrize("how", ["", "turned"])
def test_epilogue(shape: tuple[int, int, int], how: str) -> None:
    m, k, n = shape
    rng = np.random.default_rng(4)
    a, b = strided(rng, (m, k), "f", ""), strided(rng, (k, n), "f", "")
    out, residual = strided(rng, (m, n), "f", how), strided(rng, (m, n), "f", "")
    bias, row_bias = strided(rng, (n,), "f", "sparse"), strided(rng, (m,), "f", "")
    epilogue = Epilogue(
        machine.operand(bias), machine.operand(row_bias), "relu", machine.operand(residual)
    )
    machine.run(matmul(*map(machine.operand, (a, b, out)), epilogue))
    want = np.maximum(a.astype("d") @ b + bias + row_bias[:, None] + residual, 0)
    np.testing.assert_allclose(out, want, atol=1e-4)


def test_nan_and_inf_pass() -> None:
    a, b = np.ones((9, 20), "f"), np.ones((20, 18), "f")
    a[2, 3], a[4, 5], b[7, 1] = np.nan, np.inf, -np.inf
    out = np.zeros((9, 18), "f")
    machine.run(matmul(*map(machine.operand, (a, b, out)), Epilogue(activation="relu")))
    with np.errstate(invalid="ignore"):
        want = a @ b
        want = np.where(want < 0, 0, want)
    np.testing.assert_array_equal(out, want)


def test_a_new_batch_size_is_the_same_kernel() -> None:
    def texts(m: int, k: int, n: int) -> list[str]:
        arrays = [np.zeros(shape, "f") for shape in ((m, k), (k, n), (m, n))]
        return [step.kernel.text for step in matmul(*map(machine.operand, arrays), Epilogue())]

    assert texts(128, 784, 500) == texts(96, 784, 500)
    assert texts(4, 3072, 1024)[-1] == texts(3, 3072, 1024)[-1]


def test_wrong_shapes_are_refused() -> None:
    a, b, out = (Operand(Ref(None), "f32", shape, (1, 1)) for shape in ((2, 3), (4, 5), (2, 5)))
    with pytest.raises(ValueError, match=r"matmul: a f32\(2, 3\), b f32\(4, 5\)"):
        matmul(a, b, out, Epilogue())


@pytest.mark.parametrize("shape", [(20, 650, 650), (384, 1536, 1024), (100, 650, 650)])
def test_two_threads_get_equal_shares(shape: tuple[int, int, int]) -> None:
    rows, columns, depth = shape
    tile = choose.tile("f32", columns)
    parts = choose.in_parts(tile, depth)
    blocks = choose.blocks(tile, rows, columns, depth, 1, parts, 4 * columns)
    strips, across = -(-rows // blocks.rows), -(-columns // blocks.columns)
    shares = [0, 0]
    for number in range(strips * across):
        place = number % across * blocks.columns
        shares[shares.index(min(shares))] += min(blocks.columns, columns - place)
    assert max(shares) <= 1.06 * strips * columns / 2


@pytest.mark.parametrize("depth", [1, 3, 8, 16])
@pytest.mark.parametrize("columns", [512, 1024])
def test_few_terms_with_results_pages_apart(depth: int, columns: int) -> None:
    """Chunks are a tile's rows there; 50 rows leave a part of one."""
    rng = np.random.default_rng(0)
    a = machine.aligned(rng.standard_normal((depth, 50)).astype("f")).T
    b = machine.aligned(rng.standard_normal((depth, columns)).astype("f"))
    expected = a.astype("d") @ b.astype("d")
    for parts in (0, 1, 3):
        out = machine.aligned(np.full((50, columns), np.nan, "f"))
        machine.run(matmul(*map(machine.operand, (a, b, out)), Epilogue()), parts)
        assert np.allclose(out, expected, rtol=1e-5, atol=1e-5)


def test_long_sums_are_taken_in_parts() -> None:
    """As exact as short chains, for a depth of one block and of two."""
    rng = np.random.default_rng(0)
    for depth in (1300, 3700):
        a = machine.aligned(rng.standard_normal((50, depth)).astype("f"))
        b = machine.aligned(rng.standard_normal((depth, 40)).astype("f"))
        out = machine.aligned(np.zeros((50, 40), "f"))
        machine.run(matmul(*map(machine.operand, (a, b, out)), Epilogue()))
        error = out - a.astype("d") @ b.astype("d")
        # One chain through each block of depth: 4.7e-7 and 5.3e-7.
        assert np.sqrt(np.mean(error**2)) < 3.5e-7 * np.sqrt(depth)
