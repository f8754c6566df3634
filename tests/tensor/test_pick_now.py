"""Elements picked at once are those that a plan picks, and only known ones are."""

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.tensor.pick_now import picked_now


def _recorded(x: Any, index: Any) -> Any:
    lazy = x + 0 if x.dtype is not torch.bool else x | False
    assert picked_now(lazy, index) is None
    return lazy[index]


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.int64, torch.bool], ids=str)
def test_same_as_recorded(kind: Any) -> None:
    x = (torch.arange(24).reshape(2, 3, 4) % 7).to(kind)
    assert x.sum().item() > 0
    mask = torch.tensor([[True, False, True], [False, False, True]])
    rows, columns = torch.tensor([1, 0, -1, 1]), torch.tensor([2, 2, 0, -3])
    for index in (
        mask,
        torch.tensor([True, False]),
        torch.tensor([False, False]),
        torch.empty(0, dtype=torch.int64),
        rows,
        (rows, columns),
        torch.tensor([[0, 1], [1, 1]]),
    ):
        made, wanted = picked_now(x, index), _recorded(x, index)
        assert made is not None
        assert made.dtype is kind and made.shape == wanted.shape
        assert made.stride() == wanted.stride()
        assert torch.equal(made, wanted)
        assert torch.equal(x[index], wanted)


def test_what_is_recorded_as_ever() -> None:
    x = torch.arange(12.0).reshape(3, 4)
    some = torch.tensor([0, 2])
    assert x.sum().item() == 66
    for index in (some.int(), (some, some[:1]), (some, slice(None)), [0, 2], some > 0, 1, ()):
        assert picked_now(x, index) is None
    assert picked_now(x.t(), some) is None
    leaf = x.clone().requires_grad_()
    assert leaf.sum().item() == 66
    assert picked_now(leaf, some) is None
    leaf[some].sum().backward()
    assert leaf.grad is not None and leaf.grad.sum().item() == 8
    with torch.no_grad():
        assert picked_now(leaf, some) is not None
    for bad in (torch.tensor([3]), torch.tensor([-4])):
        assert picked_now(x, bad) is None
        with pytest.raises(IndexError, match="out of"):
            x[bad].sum().item()
    with pytest.raises(IndexError, match="shape of the mask"):
        x[torch.tensor([True, False])]


def test_masks_that_are_not_computed_yet() -> None:
    x, leaf = torch.arange(5.0), torch.ones(5, requires_grad=True)
    assert x[x > 2].tolist() == [3, 4]
    assert (x * 2)[x % 2 == 0].tolist() == [0, 4, 8]
    (leaf * 3)[x > 2].sum().backward()
    assert leaf.grad is not None and leaf.grad.tolist() == [0, 0, 0, 3, 3]


def test_parts_of_a_storage_and_one_that_has_shrunk() -> None:
    x = torch.arange(12.0).reshape(3, 4)
    places = torch.tensor([9, 1, 0])
    assert x.sum().item() == 66 and places.sum().item() == 10
    for index in (places[1:], torch.tensor([False, True, True])[:2], (places[1:], places[1:])):
        made = picked_now(x[1:], index)
        assert made is not None and torch.equal(made, (x + 0)[1:][index])
    y = torch.arange(4.0)
    part = y[2:]
    assert part.sum().item() == 5
    y.untyped_storage().resize_(8)
    with pytest.raises(RuntimeError):
        part[torch.tensor([1])].tolist()


def test_it_is_a_copy() -> None:
    array = np.arange(4.0)
    x = torch.from_numpy(array)
    made = x[torch.tensor([1, 2])]
    array[:] = 0
    assert made.tolist() == [1, 2]
    made[0] = 9
    assert x.tolist() == [0, 0, 0, 0]
    y = torch.ones(3)
    saved = y[torch.tensor([True, True, False])]
    y.add_(1)
    assert saved.tolist() == [1, 1] and y[torch.tensor([0])].tolist() == [2]


def test_samples_of_vmap() -> None:
    table = torch.arange(6.0).reshape(3, 2)
    found = torch.func.vmap(lambda place: table[place])(torch.tensor([[2, 0], [1, 1]]))
    assert found.tolist() == [[[4, 5], [0, 1]], [[2, 3], [2, 3]]]
