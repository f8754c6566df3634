"""What a tensor is beside its elements goes into files: its class and what was hung on it."""

from __future__ import annotations

import copy
import io
import pickle
import pickletools
import zipfile
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision import tv_tensors


class Tagged(torch.Tensor):
    """A sub-class as users write them."""


class Stated(torch.Tensor):
    def __getstate__(self) -> dict[str, int]:
        return {"seen": 5}

    def __setstate__(self, state: dict[str, int]) -> None:
        self.seen = state["seen"] + 1


class Reduced(torch.Tensor):
    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (self.tolist(),)


def through_file(thing: Any, legacy: bool = False) -> Any:
    file = io.BytesIO()
    torch.save(thing, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    return torch.load(file, weights_only=False)


def through_pickle(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("way", [through_file, lambda t: through_file(t, True), through_pickle])
def test_class_and_attributes_stay(way: Any) -> None:
    plain, learned = torch.ones(2), nn.Parameter(torch.ones(2))
    tagged = torch.arange(4.0).as_subclass(Tagged)
    plain.unit, learned.no_decay, tagged.labels = "m", True, ["a"]
    assert way(plain).unit == "m"
    found = way(learned)
    assert type(found) is nn.Parameter and found.no_decay and found.requires_grad
    found = way(tagged)
    assert type(found) is Tagged and found.labels == ["a"] and found.tolist() == [0, 1, 2, 3]
    found = way(torch.ones(2, dtype=torch.bfloat16).as_subclass(Tagged).requires_grad_())
    assert type(found) is Tagged and found.requires_grad and found.is_leaf
    assert way(tagged[1:3]).tolist() == [1, 2]


def test_what_a_class_says_of_itself() -> None:
    assert through_file(torch.ones(2).as_subclass(Stated)).seen == 6
    assert through_file(torch.ones(2).as_subclass(Reduced)) == [1.0, 1.0]


def test_nothing_of_ours_is_written() -> None:
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda g: g)
    x.sum().backward()
    with pytest.warns(UserWarning, match="will not be serialized"):
        found = through_file(x)
    assert found.__dict__ == {} and found.grad is None
    assert through_file(x.detach().data).__dict__ == {}
    assert "unit" not in copy.deepcopy(x).__dict__


def test_boxes_keep_what_they_are_and_pytorchs_name() -> None:
    boxes = tv_tensors.BoundingBoxes(
        torch.tensor([[0.0, 0, 1, 1]]), format="XYXY", canvas_size=(4, 5)
    )
    found = through_file(boxes)
    assert type(found) is tv_tensors.BoundingBoxes
    assert found.format is tv_tensors.BoundingBoxFormat.XYXY and found.canvas_size == (4, 5)
    file = io.BytesIO()
    torch.save({"boxes": boxes, "layer": torch.vision.models.resnet.BasicBlock(2, 2)}, file)
    with zipfile.ZipFile(file) as archive:
        pickled = archive.read("archive/data.pkl")
    names = {argument for code, argument, _ in pickletools.genops(pickled) if code.name == "GLOBAL"}
    assert "torchvision.tv_tensors BoundingBoxes" in names
    assert "torchvision.models.resnet BasicBlock" in names


def test_only_allowed_classes() -> None:
    file = io.BytesIO()
    torch.save(torch.ones(2).as_subclass(Tagged), file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Tagged was not an allowed global"):
        torch.load(file)
    file.seek(0)
    with torch.serialization.safe_globals([Tagged]):
        assert type(torch.load(file)) is Tagged


@pytest.mark.parametrize("legacy", [False, True])
def test_shapes_without_numbers(legacy: bool) -> None:
    x = torch.arange(6.0).reshape(2, 3)
    file = io.BytesIO()
    held = {"t": x.t(), "column": x[:, 1], "p": nn.Parameter(x)}
    torch.save(held, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    found = torch.load(file, map_location="meta")
    assert all(each.is_meta for each in found.values())
    assert found["t"].stride() == (1, 3) and found["column"].storage_offset() == 1
    assert type(found["p"]) is nn.Parameter and found["p"].requires_grad


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    torch.save(nn.ReLU(), file)

    def load(**options: Any) -> Any:
        file.seek(0)
        return torch.load(file, **options)

    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(pickle.UnpicklingError, match="ReLU was not an allowed global"):
        load(weights_only=False)
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "yes")
    with pytest.raises(RuntimeError, match="both were set"):
        load()
    monkeypatch.delenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    with pytest.warns(UserWarning, match="TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected"):
        assert type(load()) is nn.ReLU
    with pytest.raises(pickle.UnpicklingError, match="ReLU was not an allowed global"):
        load(weights_only=True)
