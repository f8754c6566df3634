"""The loader with and without workers: batches, order, seeds, options."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info


class Rows(Dataset):
    """Sample k is (k, k+1, ...) and k."""

    def __init__(self, count: int = 10, width: int = 3) -> None:
        self.count, self.width = count, width

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int):
        return np.arange(index, index + self.width, dtype=np.float32), index


class Count(IterableDataset):
    """0, 1, ..., shared between the workers if there are any."""

    def __init__(self, end: int) -> None:
        self.end = end

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.end) if info is None else range(info.id, self.end, info.num_workers))


class Random(Dataset):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int):
        import random

        info = get_worker_info()
        return (
            info.seed % 1000003, int(np.random.randint(1000000)), random.randrange(1000000),
            torch.randint(1000000, ()).item(),
        )  # fmt: skip


WORKERS = pytest.mark.parametrize("workers", [0, 1, 2, 3])


@WORKERS
def test_batches_in_order(workers: int) -> None:
    loader = DataLoader(Rows(), batch_size=4, num_workers=workers)
    batches = list(loader)
    assert [labels.tolist() for _, labels in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert batches[1][0].shape == (4, 3)
    assert batches[1][0].tolist()[1] == [5.0, 6.0, 7.0]
    assert len(loader) == 3


@WORKERS
def test_the_order_does_not_depend_on_workers(workers: int) -> None:
    torch.manual_seed(3)
    loader = DataLoader(Rows(7), batch_size=3, shuffle=True, num_workers=workers)
    assert [labels.tolist() for _, labels in loader] == [[3, 2, 5], [4, 1, 0], [6]]
    assert torch.rand(1).item() == pytest.approx(0.47161436080932617, abs=0)


def test_worker_seeds_are_pytorchs() -> None:
    torch.manual_seed(3)
    batches = [[each.item() for each in batch] for batch in DataLoader(Random(), num_workers=2)]
    assert batches == [
        [115152, 394058, 228525, 708967], [115153, 208785, 94893, 310091],
        [115152, 492114, 220189, 354628], [115153, 540335, 699115, 812933],
    ]  # fmt: skip


@WORKERS
def test_large_and_odd_batches_arrive_whole(workers: int) -> None:
    def collate(samples):
        number = samples[0][1]
        return {
            "large": torch.full((200_000,), float(number)), "empty": torch.ones(0, 3),
            "zero": torch.tensor(number), "text": ["a", "b" * number], "array": np.arange(number),
            "many": [torch.full((200,), float(k)) for k in range(1100)], "none": None,
        }  # fmt: skip

    for number, batch in enumerate(DataLoader(Rows(3), num_workers=workers, collate_fn=collate)):
        assert batch["large"].tolist() == [float(number)] * 200_000
        assert batch["empty"].shape == (0, 3)
        assert batch["zero"].item() == number
        assert batch["text"] == ["a", "b" * number]
        assert batch["array"].tolist() == list(range(number))
        assert [each.tolist()[199] for each in batch["many"][::500]] == [0.0, 500.0, 1000.0]


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_that_are_kept_do_not_change(workers: int) -> None:
    kept = [batch for batch, _ in DataLoader(Rows(50, 1000), batch_size=2, num_workers=workers)]
    assert [batch[0, 0].item() for batch in kept] == list(range(0, 50, 2))
    kept[0] += 1  # and may be written to


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        (0, [[0, 1, 2], [3, 4, 5], [6]]),
        (1, [[0, 1, 2], [3, 4, 5], [6]]),
        (2, [[0, 2, 4], [1, 3, 5], [6]]),
        (3, [[0, 3, 6], [1, 4], [2, 5]]),
    ],
)
def test_streams(workers: int, expected: list[list[int]]) -> None:
    loader = DataLoader(Count(7), batch_size=3, num_workers=workers)
    assert [batch.tolist() for batch in loader] == expected
    whole = [each for each in expected if len(each) == 3]
    loader = DataLoader(Count(7), batch_size=3, num_workers=workers, drop_last=True)
    assert [batch.tolist() for batch in loader] == whole


@pytest.mark.parametrize("stream", [False, True])
def test_workers_that_stay(stream: bool) -> None:
    data = Count(6) if stream else Rows(6)
    loader = DataLoader(data, batch_size=2, num_workers=2, persistent_workers=True)
    first = [str(batch) for batch in loader]
    crew = loader._iterator.crew
    next(iter(loader))  # a pass that is given up
    assert [str(batch) for batch in loader] == first
    assert loader._iterator.crew is crew


def test_whoever_is_ready_first() -> None:
    loader = DataLoader(Rows(20), batch_size=2, num_workers=2, in_order=False)
    assert sorted(labels[0].item() for _, labels in loader) == list(range(0, 20, 2))


def test_a_second_start_method() -> None:
    loader = DataLoader(range(6), batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4, 5]]


def test_without_batches() -> None:
    samples = list(DataLoader(Rows(2), batch_size=None))
    assert samples[1][0].tolist() == [1.0, 2.0, 3.0]
    assert samples[1][1] == 1


def test_own_batch_sampler_and_fetching_many() -> None:
    class Many(Rows):
        def __getitems__(self, indices):
            return [self[index] for index in reversed(indices)]

    loader = DataLoader(Many(), batch_sampler=[[1, 2], [7, 8]])
    assert [labels.tolist() for _, labels in loader] == [[2, 1], [8, 7]]
    assert loader.batch_size is None


def test_the_spelling_of_python_2() -> None:
    with pytest.warns(DeprecationWarning, match="next"):
        assert iter(DataLoader(range(3))).next().tolist() == [0]


def test_a_stream_longer_than_it_says() -> None:
    class Liar(Count):
        def __len__(self) -> int:
            return 2

    loader = DataLoader(Liar(4))
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="was reported to be 2"):
        list(loader)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"num_workers": -1}, "non-negative"),
        ({"timeout": -1}, "non-negative"),
        ({"prefetch_factor": 2}, "prefetch_factor"),
        ({"persistent_workers": True}, "num_workers > 0"),
        ({"shuffle": True, "sampler": [1]}, "mutually exclusive"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "mutually exclusive"),
        ({"batch_size": None, "drop_last": True}, "auto-batching"),
        ({"batch_size": 0}, "positive integer"),
        ({"multiprocessing_context": "fork"}, "num_workers > 0"),
        ({"multiprocessing_context": "no", "num_workers": 1}, "valid start method"),
    ],
)
def test_wrong_options(options, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        DataLoader(range(3), **options)


def test_what_is_fixed() -> None:
    loader = DataLoader(range(3))
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 5
    with pytest.raises(ValueError, match="expected unspecified shuffle option"):
        DataLoader(Count(3), shuffle=True)
    with pytest.warns(UserWarning, match="create 10000 .* suggested max number of worker"):
        DataLoader(range(3), num_workers=10_000)
