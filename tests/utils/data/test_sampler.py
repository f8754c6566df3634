"""Samplers: PyTorch's orders for the same seed (the numbers were printed by PyTorch 2.13)."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
    random_split,
)

WEIGHTS = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]


def test_orders_are_pytorchs() -> None:
    torch.manual_seed(3)
    assert list(RandomSampler(range(10))) == [7, 0, 9, 1, 6, 4, 5, 3, 2, 8]
    generator = torch.Generator().manual_seed(4)
    order = list(RandomSampler(range(10), generator=generator))
    assert order == [0, 4, 9, 6, 7, 3, 2, 8, 1, 5]
    torch.manual_seed(3)
    assert list(RandomSampler(range(4), num_samples=10)) == [3, 1, 0, 2, 3, 0, 2, 1, 0, 1]
    torch.manual_seed(3)
    assert list(SubsetRandomSampler([3, 5, 7, 9])) == [7, 9, 5, 3]
    torch.manual_seed(3)
    drawn = list(RandomSampler(range(10), replacement=True, num_samples=40))
    assert drawn[:12] == [7, 8, 5, 1, 8, 6, 2, 2, 3, 9, 8, 6]
    assert drawn[-4:] == [3, 6, 0, 9]
    assert len(drawn) == 40


def test_weighted_orders_are_pytorchs() -> None:
    torch.manual_seed(3)
    assert list(WeightedRandomSampler(WEIGHTS, 8)) == [1, 3, 4, 1, 4, 4, 2, 4]
    torch.manual_seed(3)
    assert list(WeightedRandomSampler(WEIGHTS, 5, replacement=False)) == [3, 0, 1, 4, 5]


def test_random_split_is_pytorchs() -> None:
    torch.manual_seed(3)
    parts = random_split(range(10), [0.5, 0.3, 0.2])
    assert [part.indices for part in parts] == [[6, 0, 3, 7, 8], [5, 1, 9], [2, 4]]
    with pytest.raises(ValueError, match="Sum of input lengths"):
        random_split(range(10), [3, 3])
    with pytest.warns(UserWarning, match="index 1 is 0"):
        random_split(range(3), [0.6, 0.0, 0.4])


def test_a_loader_draws_its_seed_first() -> None:
    torch.manual_seed(3)
    loader = DataLoader(range(7), batch_size=3, shuffle=True)
    assert [batch.tolist() for batch in loader] == [[3, 2, 5], [4, 1, 0], [6]]
    # What follows in the program's stream is PyTorch's as well.
    assert torch.rand(1).item() == pytest.approx(0.47161436080932617, abs=0)


def test_distributed_shares() -> None:
    sampler = DistributedSampler(range(7), 3, 1)
    assert list(sampler) == [0, 2, 4]
    sampler.set_epoch(2)
    assert list(sampler) == [4, 6, 2]
    shares = [list(DistributedSampler(range(7), 3, rank, shuffle=False)) for rank in range(3)]
    assert shares == [[0, 3, 6], [1, 4, 0], [2, 5, 1]]
    assert len(DistributedSampler(range(7), 3, 0, drop_last=True)) == 2
    with pytest.raises(ValueError, match="Invalid rank 3"):
        DistributedSampler(range(7), 3, 3)


def test_batches() -> None:
    source = SequentialSampler(range(5))
    assert list(BatchSampler(source, 2, False)) == [[0, 1], [2, 3], [4]]
    assert list(BatchSampler(source, 2, True)) == [[0, 1], [2, 3]]
    assert len(BatchSampler(source, 2, False)) == 3
    assert len(BatchSampler(source, 2, True)) == 2


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: RandomSampler([]), ValueError, "num_samples=0"),
        (lambda: RandomSampler([1], replacement=1), TypeError, "replacement"),
        (lambda: BatchSampler([1], 0, False), ValueError, "batch_size=0"),
        (lambda: BatchSampler([1], True, False), ValueError, "batch_size=True"),
        (lambda: BatchSampler([1], 1, 1), ValueError, "drop_last"),
        (lambda: WeightedRandomSampler([1.0], -1), ValueError, "num_samples"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, "1d sequence"),
        (lambda: list(WeightedRandomSampler([0.0], 1)), RuntimeError, "multinomial"),
        (lambda: list(WeightedRandomSampler([1.0], 2, False)), RuntimeError, "without replacement"),
    ],
)
def test_wrong_arguments(make, error, text: str) -> None:
    with pytest.raises(error, match=text):
        make()
