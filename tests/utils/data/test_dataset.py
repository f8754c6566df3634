"""Data sets and their combinations."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Squares(Dataset):
    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        if not -self.count <= index < self.count:
            raise IndexError(index)
        return index * index


class Count(IterableDataset):
    def __init__(self, end: int) -> None:
        self.end = end

    def __iter__(self):
        return iter(range(self.end))

    def __len__(self) -> int:
        return self.end


def test_tensor_dataset() -> None:
    data = TensorDataset(torch.arange(6.0).reshape(3, 2), torch.tensor([5, 6, 7]))
    assert len(data) == 3
    assert data[1][0].tolist() == [2.0, 3.0]
    assert data[1][1].item() == 6
    with pytest.raises(AssertionError, match="Size mismatch"):
        TensorDataset(torch.ones(2), torch.ones(3))


def test_a_tensor_dataset_in_batches_sees_later_writes() -> None:
    x = torch.zeros(4)
    loader = DataLoader(TensorDataset(x), batch_size=2)
    assert next(iter(loader))[0].tolist() == [0.0, 0.0]
    x += 1
    assert next(iter(loader))[0].tolist() == [1.0, 1.0]


def test_an_overridden_getitem_is_used() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return (super().__getitem__(index)[0] * 2,)

    batch = next(iter(DataLoader(Doubled(torch.ones(4)), batch_size=2)))
    assert batch[0].tolist() == [2.0, 2.0]

    class Negative(Subset):
        def __getitem__(self, index):
            return -self.dataset[self.indices[index]]

    batches = DataLoader(Negative(Squares(5), [2, 3]), batch_size=2)
    assert next(iter(batches)).tolist() == [-4, -9]


def test_concat_chain_stack_subset() -> None:
    both = Squares(3) + Squares(2)
    assert isinstance(both, ConcatDataset)
    assert [both[each] for each in range(5)] == [0, 1, 4, 0, 1]
    assert both[-1] == 1
    assert both.cumulative_sizes == [3, 5]
    with pytest.raises(ValueError, match="should not exceed"):
        both[-6]
    chain = Count(2) + Count(3)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 0, 1, 2]
    assert len(chain) == 5
    stacked = StackDataset(a=Squares(3), b=Squares(3))
    assert stacked[2] == {"a": 4, "b": 4}
    assert stacked.__getitems__([1, 2]) == [{"a": 1, "b": 1}, {"a": 4, "b": 4}]
    assert StackDataset(Squares(3), Squares(3))[2] == (4, 4)
    part = Subset(Squares(10), [5, 3])
    assert [part[0], part[1], len(part)] == [25, 9, 2]
    assert part.__getitems__([1, 0]) == [9, 25]
    nested = DataLoader(Subset(TensorDataset(torch.arange(5)), [4, 0, 2]), batch_size=3)
    assert next(iter(nested))[0].tolist() == [4, 0, 2]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: ConcatDataset([]), AssertionError),
        (lambda: ConcatDataset([Count(1)]), AssertionError),
        (lambda: list(ChainDataset([Squares(1)])), AssertionError),
        (lambda: StackDataset(), ValueError),
        (lambda: StackDataset(Squares(1), Squares(2)), ValueError),
        (lambda: Dataset()[0], NotImplementedError),
        (lambda: iter(IterableDataset()), TypeError),
    ],
)
def test_wrong_use(make, error) -> None:
    with pytest.raises(error):
        make()


def test_a_stream_without_iter_has_no_instances() -> None:
    with pytest.raises(TypeError, match=r"abstract method '?__iter__"):
        IterableDataset()


def test_parts_are_found_where_tutorials_import_them() -> None:
    from rushlight.utils.data.dataset import random_split as found

    assert found is random_split
