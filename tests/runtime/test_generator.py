"""Random numbers: PyTorch's CPU streams from the same seeds."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from rushlight.runtime.generator import Generator, fused_multiply_add
from rushlight.runtime.mt19937 import Mt19937

F32, F64, F16 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16)
I64 = np.dtype(np.int64)
BF16 = np.dtype(ml_dtypes.bfloat16)


def seeded(seed: int = 7) -> Generator:
    return Generator().manual_seed(seed)


# What PyTorch 2.13 prints for the same calls (AMD processor), so that these need no PyTorch.
def test_uniform_known_numbers() -> None:
    expected = np.array([0.53492254, 0.19880319, 0.6592117], np.float32)
    np.testing.assert_array_equal(seeded().uniform(3, F32), expected)
    assert seeded().uniform(2, F64) == pytest.approx([0.27938043, 0.27369371], abs=1e-8)
    assert seeded().uniform(2, BF16).tolist() == [0.53515625, 0.19921875]


def test_normal_known_numbers() -> None:
    assert seeded().normal(2, F32).tolist() == [-0.1467950940132141, 0.7861412763595581]
    assert seeded().normal(16, F32)[:2].tolist() == [-0.8201345205307007, 0.39563116431236267]
    assert seeded().normal(17, F32)[1] == np.float32(-0.32456663250923157)
    assert seeded().normal(17, F64)[1] == -0.29104147095938915


def test_whole_numbers_known() -> None:
    assert seeded().random_full(2, I64).tolist() == [1407639518939636932, 5163590386780219894]
    assert seeded().random_full(4, np.dtype(np.uint8)).tolist() == [175, 196, 25, 246]
    assert seeded().permutation(10).tolist() == [5, 0, 3, 4, 1, 7, 9, 6, 8, 2]
    assert [seeded().permutation(count).tolist() for count in (0, 1, 2)] == [[], [0], [1, 0]]
    assert np.array_equal(np.sort(seeded().permutation(100_000)), np.arange(100_000))
    assert seeded().random_integers(2, I64, 0, 2**28).tolist() == [171107524, 27798006]


def test_events_known_numbers() -> None:
    assert seeded().bernoulli(5, 0.5).tolist() == [True, True, False, False, False]
    weights = np.arange(1, 6, dtype=np.float32)[None]
    assert seeded().multinomial(weights, 5, False).tolist() == [[1, 3, 0, 4, 2]]
    assert seeded().multinomial(weights, 1, False).tolist() == [[1]]
    with np.errstate(invalid="ignore"):
        missing = np.array([[0, np.nan, 0, 2]], np.float32)
        assert (
            seeded().multinomial(missing, 1, False, np.array([0, 1, 0, 1], np.float32)).item() == 3
        )
    assert seeded().multinomial(weights, 5, True).tolist() == [[2, 2, 4, 3, 4]]
    assert seeded().geometric(4, F32, 0.3).tolist() == [4, 4, 1, 2]


@pytest.mark.parametrize("draws", [0, 1, 623, 624, 625])
def test_state_resumes(draws: int) -> None:
    generator = seeded()
    generator.uniform(draws, F32)
    generator.normal(1, F64)
    again = Generator().set_state(generator.get_state())
    np.testing.assert_array_equal(again.get_state(), generator.get_state())
    np.testing.assert_array_equal(again.normal(5, F32), generator.normal(5, F32))


def test_copies_continue_alike() -> None:
    generator = seeded()
    generator.normal(3, F32)
    for other in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator)),
                  generator.clone_state()):  # fmt: skip
        np.testing.assert_array_equal(other.get_state(), generator.get_state())


def test_seeds() -> None:
    assert Generator().initial_seed() == 67280421310721
    assert seeded(-1).initial_seed() == 2**64 - 1
    np.testing.assert_array_equal(seeded(2**40 + 5).uniform(4, F32), seeded(5).uniform(4, F32))
    assert seeded().seed() != 7


def test_wrong_calls() -> None:
    with pytest.raises(ValueError, match="Overflow when unpacking"):
        seeded(2**64)
    with pytest.raises(RuntimeError, match="expected a long"):
        seeded(1.5)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="size 5056"):
        Generator().set_state(np.zeros(10, np.uint8))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        Generator().set_state(np.zeros(5056, np.uint8))
    with pytest.raises(RuntimeError, match="cuda"):
        Generator("cuda")


def test_fused_multiply_add_rounds_once() -> None:
    from fractions import Fraction

    rng = np.random.default_rng(0)
    x = rng.random(500)
    for factor, term in ((3.75, -1.5), (0.6, 0.1), (-2.3e-3, 1e3)):
        exact = [float(Fraction(v) * Fraction(factor) + Fraction(term)) for v in x.tolist()]
        assert fused_multiply_add(x, factor, term).tolist() == exact


# Against PyTorch itself, where it is installed.

Fill = Callable[[Any, Generator], Any]
SIZES = [*range(41), 63, 64, 1000, 1007]


def torch_and_twin(seed: int) -> tuple[Any, Any, Generator]:
    torch = pytest.importorskip("torch")
    if not hasattr(torch, "_C") or not hasattr(torch._C, "Generator"):
        pytest.skip("this torch is Rushlight")
    return torch, torch.Generator().manual_seed(seed), seeded(seed)


def same(theirs: Any, mine: np.ndarray[Any, Any], what: str) -> None:
    wide = theirs.double() if theirs.is_floating_point() else theirs
    kind = np.float64 if mine.dtype.kind in "fV" or mine.dtype == BF16 else mine.dtype
    np.testing.assert_array_equal(mine.astype(kind), wide.numpy(), err_msg=what)


@pytest.mark.parity
@pytest.mark.parametrize("seed", [0, 7, 2**40 + 12345])
@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
def test_reals_as_pytorch(name: str, seed: int) -> None:
    torch, theirs, mine = torch_and_twin(seed)
    kind = BF16 if name == "bfloat16" else np.dtype(name)
    wanted = getattr(torch, name)
    for size in SIZES:

        def fresh(n: int = size) -> Any:
            return torch.empty(n, dtype=wanted)

        same(fresh().uniform_(generator=theirs), mine.uniform(size, kind), f"uniform {size}")
        same(fresh().normal_(generator=theirs), mine.normal(size, kind), f"normal {size}")
        same(
            fresh().uniform_(-1.5, 0.7, generator=theirs), mine.uniform(size, kind, -1.5, 0.7), "u2"
        )
        same(fresh().normal_(0.3, 0.02, generator=theirs), mine.normal(size, kind, 0.3, 0.02), "n2")
        same(fresh().exponential_(2.5, generator=theirs), mine.exponential(size, kind, 2.5), "exp")
        same(fresh().random_(generator=theirs), mine.random_full(size, kind), f"random {size}")
        same(fresh().random_(-5, None, generator=theirs),
             mine.random_integers(size, kind, -5, None), "from")  # fmt: skip
        same(
            fresh().cauchy_(0.5, 1.7, generator=theirs), mine.cauchy(size, kind, 0.5, 1.7), "cauchy"
        )
        same(fresh().log_normal_(0.5, 0.7, generator=theirs),
             mine.log_normal(size, kind, 0.5, 0.7), "log_normal")  # fmt: skip
        same(fresh().geometric_(0.3, generator=theirs), mine.geometric(size, kind, 0.3), "geo")
        same(fresh().bernoulli_(0.3, generator=theirs),
             mine.bernoulli(size, 0.3).astype(kind), "bernoulli")  # fmt: skip
        chances = torch.linspace(0, 1, size, dtype=torch.float64).to(wanted)
        known = chances.double().numpy().astype(kind)
        same(
            torch.bernoulli(chances, generator=theirs), mine.bernoulli_each(known).astype(kind), "b"
        )
        if size:
            columns = torch.empty(size, 2, dtype=wanted)[:, 0]
            same(
                columns.normal_(generator=theirs), mine.normal(size, kind, contiguous=False), "view"
            )
        np.testing.assert_array_equal(theirs.get_state().numpy(), mine.get_state())
    theirs.set_state(torch.from_numpy(mine.get_state()))
    mine.set_state(theirs.get_state().numpy())
    same(torch.randn(5, generator=theirs), mine.normal(5, F32), "after the exchange")


@pytest.mark.parity
@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64", "bool"])
def test_whole_numbers_as_pytorch(name: str) -> None:
    torch, theirs, mine = torch_and_twin(3)
    kind, wanted = np.dtype(name), getattr(torch, name)
    bounds: list[tuple[int, int | None]] = [(0, 2), (0, None), (1, None)]
    if name not in ("uint8", "bool"):
        bounds += [(-5, 100), (-5, None)]
    if name == "int64":
        bounds += [(0, 2**28 - 1), (0, 2**28), (-7, 2**33), (-(2**63), None), (-(2**62), 2**62)]
    for size in (0, 1, 2, 17, 1000):
        fresh = torch.empty(size, dtype=wanted)
        same(fresh.random_(generator=theirs), mine.random_full(size, kind), name)
        for low, high in bounds:
            drawn = mine.random_integers(size, kind, low, high)
            same(fresh.random_(low, high, generator=theirs), drawn, f"{name} {low} {high}")
    np.testing.assert_array_equal(theirs.get_state().numpy(), mine.get_state())


@pytest.mark.parity
def test_permutations_and_multinomial_as_pytorch() -> None:
    torch, theirs, mine = torch_and_twin(11)
    for size in (0, 1, 2, 5, 100, 60000):
        same(torch.randperm(size, generator=theirs), mine.permutation(size), f"randperm {size}")
    for kind in (F32, F64):
        weights = np.linspace(0, 3, 60).astype(kind).reshape(4, 15)
        rows = torch.from_numpy(weights)
        for count, again in ((1, False), (3, False), (14, False), (1, True), (40, True)):
            drawn = mine.multinomial(weights, count, again)
            same(torch.multinomial(rows, count, again, generator=theirs), drawn, f"{count} {again}")
    np.testing.assert_array_equal(theirs.get_state().numpy(), mine.get_state())


@pytest.mark.parity
def test_a_million_normals_as_pytorch() -> None:
    torch, theirs, mine = torch_and_twin(1)
    wanted = torch.randn(1_000_003, generator=theirs).numpy()
    # 0 of 20 million differed when this was written; a double rounding is possible
    differing = np.count_nonzero(mine.normal(1_000_003, F32) != wanted)
    assert differing <= 4, f"{differing} of a million differ"


_COUNTS = [0, 1, 7, 8, 311, 312, 313, 623, 624, 625, 1023, 1024, 1025, 3000]


def _pairs(bits: np.random.MT19937, count: int) -> np.ndarray:
    words = bits.random_raw(2 * count)
    return (words[::2] << np.uint64(32)) | words[1::2]


@pytest.mark.parametrize("seed", [0, 5, 2**32 - 1])
def test_words_are_those_of_the_mersenne_twister(seed: int) -> None:
    engine, numpys = Mt19937(seed), np.random.RandomState(seed)._bit_generator
    for count in _COUNTS:
        np.testing.assert_array_equal(engine.words(count), numpys.random_raw(count))
        np.testing.assert_array_equal(engine.longs(count), _pairs(numpys, count))


@pytest.mark.parametrize("chance", [0.0, 1e-300, 0.1, 0.5, 1 / 3, 1 - 2.0**-53, 1.0])
def test_events_are_numbers_below_the_chance(chance: float) -> None:
    generator, numpys = seeded(3), np.random.RandomState(3)._bit_generator
    generator.engine.words(1)
    numpys.random_raw(1)  # pairs lie across the rounds of 624 words
    for count in _COUNTS:
        numbers = (_pairs(numpys, count) & np.uint64(2**53 - 1)) * 2.0**-53
        mask = np.full(count + 2, 7, np.uint8)
        generator.bernoulli_into(mask[1:].ctypes.data, count, chance)
        assert mask[[0, -1]].tolist() == [7, 7]
        np.testing.assert_array_equal(mask[1:-1].view(bool), numbers < chance)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1023, 1024, 1025, 5000])
def test_fractions_and_longs_are_made_of_words(count: int) -> None:
    words = Mt19937(3).words(count)
    np.testing.assert_array_equal(
        Mt19937(3).fractions(count), (words % 2**24).astype(np.float32) / np.float32(2**24)
    )
    pairs = Mt19937(3).words(2 * count).astype(np.uint64)
    np.testing.assert_array_equal(Mt19937(3).longs(count), pairs[0::2] << 32 | pairs[1::2])
