"""Streams that workers share out: what PyTorch 2.13's data pipes give, order and draws alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader
from rushlight.utils.data.shared_stream import SharedStream


class Numbers(SharedStream):
    def read(self) -> Iterator[int]:
        return iter(range(12))


PLAIN = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
SHARED = [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9], [10], [11]]
MIXED = [
    [[9, 11, 0, 10, 5], [7, 4, 1, 3, 8], [6, 2]], [[6, 11, 8, 1, 5], [3, 0, 2, 7, 4], [10, 9]]
]  # fmt: skip
MIXED_BY_TWO = [
    [[9, 0, 5, 4, 3], [11, 10, 7, 1, 8], [6], [2]],
    [[10, 0, 8, 9, 5], [11, 3, 2, 6, 1], [7], [4]],
]


@pytest.mark.parametrize(
    ("options", "first", "second", "rest"),
    [
        ({}, PLAIN, PLAIN, 0.455627977848053),
        ({"shuffle": False}, PLAIN, PLAIN, 0.455627977848053),
        ({"shuffle": True}, *MIXED, 0.455627977848053),
        ({"num_workers": 2}, SHARED, SHARED, 0.022325754165649414),
        ({"num_workers": 2, "shuffle": True}, *MIXED_BY_TWO, 0.022325754165649414),
        (
            {"num_workers": 2, "shuffle": True, "persistent_workers": True},
            *MIXED_BY_TWO, 0.455627977848053,
        ),
    ],
)  # fmt: skip
def test_as_data_pipes(options: dict, first: list, second: list, rest: float) -> None:
    torch.manual_seed(0)
    loader = DataLoader(Numbers(), batch_size=5, **options)
    assert [batch.tolist() for batch in loader] == first
    assert [batch.tolist() for batch in loader] == second
    assert torch.rand(1).item() == rest


def test_a_generator_of_ones_own() -> None:
    torch.manual_seed(0)
    chance = torch.Generator().manual_seed(3)
    loader = DataLoader(Numbers(), batch_size=5, shuffle=True, generator=chance)
    assert [batch.tolist() for batch in loader] == [[1, 2, 9, 0, 10], [8, 11, 4, 6, 7], [5, 3]]
    assert torch.rand(1).item() == 0.49625658988952637


def test_what_it_needs() -> None:
    with pytest.raises(TypeError, match="abstract"):
        SharedStream()
    with pytest.raises(ValueError, match="unspecified sampler option"):
        DataLoader(Numbers(), sampler=[1])
