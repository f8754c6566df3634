"""Numbers drawn straight into memory, beside the same made in Python from the stream's words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rushlight.runtime import shuffle
from rushlight.runtime.box_muller import normals32
from rushlight.runtime.generator import Generator
from rushlight.runtime.mt19937 import Mt19937

I64 = np.dtype(np.int64)


def seeded(seed: int = 11) -> Generator:
    return Generator().manual_seed(seed)


@pytest.mark.parametrize("low, span", [(0, 1), (-5, 7), (3, 1000), (-(2**40), 2**28 - 1)])
def test_whole_numbers_are_remainders_of_words(low: int, span: int) -> None:
    words = Mt19937(11).words(2500)
    drawn = seeded().random_integers(2500, I64, low, low + span)
    assert drawn.tolist() == [int(word) % span + low for word in words]


@pytest.mark.parametrize("count", [2, 3, 1024, 1025, 1026, 2600])
@pytest.mark.parametrize("many", [False, True])
def test_a_permutation_changes_places(
    count: int, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if many:
        monkeypatch.setattr(shuffle, "LARGE", 0)
    engine = Mt19937(11)
    draws = (engine.longs if many else engine.words)(count - 1).tolist()
    wanted = list(range(count))
    for here, draw in enumerate(draws):
        there = here + draw % (count - here)
        wanted[here], wanted[there] = wanted[there], wanted[here]
    assert seeded().permutation(count).tolist() == wanted


def test_normals_one_at_a_time() -> None:
    halves = (Mt19937(11).longs(12) & np.uint64(2**53 - 1)).tolist()
    wanted: list[float] = []
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        r = math.sqrt(-2 * math.log1p(-second * 2.0**-53))
        angle = 2 * math.pi * (first * 2.0**-53)
        wanted += [r * math.cos(angle), r * math.sin(angle)]
    source = seeded()
    drawn = [*source.normal(3, np.dtype(np.float64)), *source.normal(2, np.dtype(np.float64))]
    assert drawn == wanted[:5]
    assert source.engine.next_normal == wanted[5]
    assert source.clone_state().normal(1, np.dtype(np.float32))[0] == np.float32(wanted[5])
    assert source.normal(2, np.dtype(np.float64), 0.0, 2.0)[0] == 2 * wanted[5]


def test_blocks_in_float64() -> None:
    words = Mt19937(11)
    halves = [int(each) & (2**53 - 1) for each in words.longs(1033)]
    halves += [int(each) & (2**53 - 1) for each in words.longs(16)]  # the last block again
    numbers = [half * 2.0**-53 for half in halves]
    blocks = [numbers[start : start + 16] for start in range(0, 1024, 16)] + [numbers[-16:]]
    made: list[list[float]] = []
    for block in blocks:
        radii = [math.sqrt(-2 * math.log(1 - u)) for u in block[:8]]
        angles = [2 * math.pi * u for u in block[8:]]
        pairs = list(zip(radii, angles, strict=True))
        made.append([r * turn(t) for turn in (math.cos, math.sin) for r, t in pairs])
    wanted = np.array([each for block in made[:-1] for each in block] + made[-1][-9:])
    wanted[1033 - 16 : 1024] = made[-1][:7]
    drawn = seeded().normal(1033, np.dtype(np.float64))
    assert drawn.tolist() == wanted.tolist()
    moved = seeded().normal(1033, np.dtype(np.float64), 2.0, 4.0)
    assert np.allclose(moved, 4 * wanted + 2, rtol=1e-15, atol=1e-15)


def test_waiting_times() -> None:
    halves = (Mt19937(11).longs(1030) & np.uint64(2**53 - 1)).tolist()
    wanted = [math.log1p(-half * 2.0**-53) * (-1 / 2.5) for half in halves]
    assert seeded().exponential(1030, np.dtype(np.float64), 2.5).tolist() == wanted
    narrow = seeded().exponential(1030, np.dtype(np.float32), 2.5)
    assert np.array_equal(narrow, np.array(wanted).astype(np.float32))


def test_no_normal_is_less_than_zero_and_zero() -> None:
    assert not np.signbit(normals32(np.zeros(16, np.float32), 0.0, 1.0)[:8]).any()
