"""register_package: tags of places that users know."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

import rushlight as torch
from rushlight import serialization
from rushlight.serialization import locations


@pytest.fixture
def moon(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A device "moon", whose storages lie in main memory all the same."""
    seen: list[str] = []
    monkeypatch.setattr(locations, "_PACKAGES", list(locations._PACKAGES))

    def put(storage: object, tag: str) -> object:
        seen.append(tag)
        return storage if tag == "moon" else None

    serialization.register_package(5, lambda storage: "moon" if storage.nbytes() > 8 else None, put)
    return seen


def test_tags_are_written_and_asked_for(moon: list[str]) -> None:
    file = io.BytesIO()
    torch.save([torch.ones(2), torch.ones(3)], file)
    file.seek(0)
    loaded = torch.load(file)
    assert [each.tolist() for each in loaded] == [[1, 1], [1, 1, 1]]
    assert sorted(moon) == ["cpu", "moon"]
    assert serialization.location_tag(torch.ones(3).untyped_storage()) == "moon"


def test_a_file_from_elsewhere_is_refused_unless_mapped(moon: list[str]) -> None:
    file = io.BytesIO()
    torch.save(torch.ones(3), file)
    locations._PACKAGES.pop(0)
    file.seek(0)
    with pytest.raises(RuntimeError, match=r"tagged with moon"):
        torch.load(file)
    file.seek(0)
    assert torch.load(file, map_location="cpu").tolist() == [1, 1, 1]


def test_the_cpus_tag_and_cuda_without_a_device() -> None:
    storage = torch.ones(1).untyped_storage()
    assert serialization.location_tag(storage) == "cpu"
    assert serialization.default_restore_location(storage, "cpu") is storage
    with pytest.raises(RuntimeError, match="is_available"):
        serialization.validate_cuda_device("cuda:0")
