"""Which of equal elements topk, kthvalue and mode name; the places are PyTorch 2.13's."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest

import rushlight as torch
from rushlight.ir import tied_order

ROWS = [[(k * k * 7 + k * 3) % 5 for k in range(24)], [(k * k * 5 + k) % 3 for k in range(24)]]


@pytest.mark.parametrize(
    ("k", "largest", "places"),
    [
        (1, True, [[9], [17]]),
        (1, False, [[15], [12]]),
        (5, True, [[9, 7, 14, 17, 12], [17, 20, 8, 23, 11]]),
        (5, False, [[15, 6, 16, 1, 10], [12, 15, 13, 16, 10]]),
    ],
)
def test_topk_of_short_rows(k: int, largest: bool, places: list[list[int]]) -> None:
    found = torch.tensor(ROWS).topk(k, largest=largest)
    assert found.indices.tolist() == places
    kind = torch.bfloat16
    assert torch.tensor(ROWS, dtype=kind).topk(k, largest=largest).indices.tolist() == places


def test_topk_along_another_axis() -> None:
    found = torch.tensor(ROWS).T.topk(5, 0)
    assert found.indices.T.tolist() == [[9, 7, 14, 17, 12], [17, 20, 8, 23, 11]]


def test_topk_of_a_long_row_is_a_heap() -> None:
    x = torch.tensor([(k * k * 7 + k * 3) % 11 for k in range(300)])
    assert x.topk(4).indices.tolist() == [12, 1, 19, 8]
    assert x.topk(4, largest=False).indices.tolist() == [11, 0, 20, 9]


def test_topk_with_nan_and_out_of_order() -> None:
    x = torch.tensor(ROWS, dtype=torch.float32)
    x[0, 3] = x[0, 9] = math.nan
    assert x.topk(4).indices.tolist() == [[9, 3, 17, 7], [17, 20, 8, 23]]
    loose = torch.tensor(ROWS).topk(6, sorted=False)
    assert loose.indices.tolist() == [[17, 12, 9, 14, 7, 19], [17, 20, 8, 23, 11, 14]]


def test_kthvalue_and_mode() -> None:
    x = torch.tensor(ROWS)
    found = [x.kthvalue(k).indices.tolist() for k in (1, 7, 12, 20)]
    assert found == [[20, 19], [1, 16], [18, 22], [19, 8]]
    assert x.mode().indices.tolist() == [11, 0]
    assert torch.tensor([(k * k * 7 + k * 3) % 11 for k in range(300)]).mode().indices.item() == 121


class Undecided:
    """A key that is decided only when compared: the order that costs most (McIlroy 1999)."""

    decided: ClassVar[dict[int, int]]
    last: ClassVar[int]

    def __init__(self, place: int) -> None:
        self.place = place

    def __lt__(self, other: Undecided) -> bool:
        mine, theirs = self.place, other.place
        known = self.decided
        if mine not in known and theirs not in known:
            known[mine if mine == Undecided.last else theirs] = len(known)
        if mine not in known:
            Undecided.last = mine
        elif theirs not in known:
            Undecided.last = theirs
        return known.get(mine, 10**6) < known.get(theirs, 10**6)


def test_the_worst_order_ends_in_a_heap(monkeypatch: pytest.MonkeyPatch) -> None:
    size = 200
    Undecided.decided, Undecided.last = {}, 0
    keys: Any = [Undecided(k) for k in range(size)]
    tied_order.select(keys, list(range(size)), size // 2)
    row = [Undecided.decided.get(k, len(Undecided.decided)) // 2 for k in range(size)]
    heaps = []
    heap = tied_order._heap_select
    monkeypatch.setattr(tied_order, "_heap_select", lambda *a: heaps.append(a) or heap(*a))
    found = tied_order.top(np.array(row), size // 2 + 1, False)
    assert heaps
    assert found[-6:] == [95, 96, 97, 98, 99, 58]
    assert sorted(row[place] for place in found) == sorted(row)[: size // 2 + 1]


def test_rows_of_any_length() -> None:
    """The places are PyTorch 2.13's: kernels sort and select, whatever the length."""
    x = torch.tensor([(k * k * 7 + k * 3) % 1009 for k in range(70000)])
    found = x.mode()
    assert (found.values.item(), found.indices.item()) == (1, 23469)
    x = torch.tensor([(k * k * 7 + k * 3) % 11 for k in range(70000)])
    assert x.topk(3, largest=False).indices.tolist() == [11, 0, 9]
    chosen = x.topk(2000).indices
    assert chosen[:4].tolist() == [38013, 14191, 38068, 38061]
    assert chosen.sum().item() == 64238000


def test_several_draws_of_halves_are_pytorchs() -> None:
    torch.manual_seed(3)
    weights = torch.ones(2, 7, dtype=torch.bfloat16)
    assert torch.multinomial(weights, 6).tolist() == [[0, 3, 6, 1, 5, 4], [3, 6, 1, 0, 5, 4]]
