"""How samples become batches."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import default_collate, default_collate_fn_map, default_convert

Point = namedtuple("Point", ["x", "y"])


def test_numbers_strings_and_tensors() -> None:
    assert default_collate([1, 2]).dtype == torch.int64
    assert default_collate([True, False]).dtype == torch.bool
    assert default_collate([0.5, 1.5]).dtype == torch.float64
    assert default_collate([np.float32(1), np.float32(2)]).dtype == torch.float32
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([b"a", b"b"]) == [b"a", b"b"]
    batch = default_collate([torch.ones(2, 3), torch.zeros(2, 3)])
    assert batch.shape == (2, 2, 3)
    assert batch.tolist()[0] == [[1.0] * 3] * 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_keep_their_dtype(dtype: str) -> None:
    batch = default_collate([np.ones((2, 2), dtype), np.zeros((2, 2), dtype)])
    assert batch.dtype == getattr(torch, dtype)
    assert batch.shape == (2, 2, 2)


def test_containers_are_walked() -> None:
    assert [each.tolist() for each in default_collate([(1, 2.0), (3, 4.0)])] == [[1, 3], [2.0, 4.0]]
    batch = default_collate([{"a": 1, "b": [1, 2]}, {"a": 3, "b": [3, 4]}])
    assert batch["a"].tolist() == [1, 3]
    assert [each.tolist() for each in batch["b"]] == [[1, 3], [2, 4]]
    point = default_collate([Point(0, 1), Point(2, 3)])
    assert isinstance(point, Point)
    assert point.y.tolist() == [1, 3]
    ordered = default_collate([OrderedDict(a=1), OrderedDict(a=2)])
    assert type(ordered) is OrderedDict


def test_gradients_flow_through_a_batch() -> None:
    x = torch.ones(2, requires_grad=True)
    default_collate([x * 1, x * 2]).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_batch_is_memory_of_its_own() -> None:
    sample = torch.zeros(2)
    batch = default_collate([sample, sample])
    batch += 1
    assert sample.tolist() == [0.0, 0.0]


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        default_collate([torch.ones(2), torch.ones(3)])
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="found <class 'object'>"):
        default_collate([object()])
    with pytest.raises(TypeError, match="must contain tensors"):
        default_collate([np.array(["a"]), np.array(["b"])])


def test_the_map_can_be_extended() -> None:
    class Word(str):
        __slots__ = ()

    def join(batch, *, collate_fn_map=None):
        return "".join(batch)

    default_collate_fn_map[Word] = join
    try:
        assert default_collate([Word("a"), Word("b")]) == "ab"
    finally:
        del default_collate_fn_map[Word]


def test_convert() -> None:
    converted = default_convert({"a": np.ones(2), "b": (1, "x"), "c": [np.float32(2.0)]})
    assert converted["a"].dtype == torch.float64
    assert converted["b"] == [1, "x"]
    assert converted["c"][0].item() == 2.0


def test_a_mapping_keeps_what_else_it_carries() -> None:
    found = default_convert(defaultdict(int, a=np.ones(2)))
    assert isinstance(found, defaultdict)
    assert found.default_factory is int
    assert found["a"].tolist() == [1.0, 1.0]


def test_many_tensors_of_one_size_are_copied_as_they_lie() -> None:
    whole = torch.arange(60.0).reshape(12, 5)
    rows = list(whole)
    batch = default_collate(rows)
    assert torch.equal(batch, whole)
    whole.zero_()
    assert batch.sum() == 1770
    assert torch.equal(default_collate([row.flip(0) for row in batch]), batch.flip(1))
    weights = [torch.ones(2, requires_grad=True) for _ in range(9)]
    default_collate(weights).sum().backward()
    assert weights[8].grad is not None
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([torch.ones(n) for n in range(9)])
