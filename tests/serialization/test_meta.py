"""Tensors without elements in files."""

from __future__ import annotations

import io
import pickle
from typing import Any

import pytest

import rushlight as torch
from rushlight.serialization.meta import rebuild_meta


def through_a_file(thing: Any, zipped: bool = True) -> Any:
    file = io.BytesIO()
    torch.save(thing, file, _use_new_zipfile_serialization=zipped)
    file.seek(0)
    return torch.load(file)


@pytest.mark.parametrize("zipped", [True, False])
def test_there_and_back(zipped: bool) -> None:
    thing = {
        "a": torch.empty(2, 3, 4, device="meta", dtype=torch.float16).permute(2, 0, 1),
        "p": torch.nn.Parameter(torch.empty(2, device="meta")),
        "b": torch.nn.Buffer(torch.empty(2, device="meta")),
        "none": torch.empty(0, 3, device="meta"),
        "number": torch.empty((), device="meta", requires_grad=True),
        "vast": torch.empty(2**40, device="meta"),
        "full": torch.ones(2),
    }
    back = through_a_file(thing, zipped)
    for name, given in thing.items():
        found = back[name]
        assert type(found) is type(given) and found.device == given.device
        assert found.shape == given.shape and found.stride() == given.stride()
        assert found.dtype is given.dtype and found.requires_grad == given.requires_grad


def test_a_model_without_weights() -> None:
    with torch.device("meta"):
        model = torch.nn.Linear(3, 2)
    back = through_a_file(model.state_dict())
    assert [each.is_meta for each in back.values()] == [True, True]


@pytest.mark.parametrize(
    ("size", "stride"), [((-1,), (1,)), ((2, 3), (1,)), ((2**62, 4), (4, 1)), ("ab", (1, 1))]
)
def test_numbers_that_make_no_sense(size: Any, stride: Any) -> None:
    with pytest.raises(pickle.UnpicklingError):
        rebuild_meta(torch.float32, size, stride, False)


def test_strides_that_overlap_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="without gaps and overlaps"):
        rebuild_meta(torch.float32, (3, 4), (0, 1), False)
