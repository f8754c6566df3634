"""What was saved comes back: values, strides, sharing, containers, from paths and file objects."""

from __future__ import annotations

import io
import os
import pickle
from collections import Counter, OrderedDict
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import load, save

DTYPES = (
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
)  # fmt: skip


def through_memory(thing, **options):
    file = io.BytesIO()
    save(thing, file, **options)
    file.seek(0)
    return load(file)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (5,), (2, 3, 4)])
def test_every_dtype_and_shape(dtype: str, shape: tuple[int, ...], legacy: bool) -> None:
    count = int(np.prod(shape))
    before = torch.tensor((np.arange(count) % 2).tolist()).reshape(shape)
    before = before.to(getattr(torch, dtype))
    after = through_memory(before, _use_new_zipfile_serialization=not legacy)
    assert after.dtype == before.dtype
    assert after.shape == before.shape
    assert after.tolist() == before.tolist()


def test_a_view_keeps_its_strides_offset_and_storage() -> None:
    base = torch.arange(12.0)
    views = {"base": base, "part": base[2:10:2], "turned": base.reshape(3, 4).t()}
    after = through_memory(views)
    assert after["part"].stride() == (2,)
    assert after["part"].storage_offset() == 2
    assert after["turned"].stride() == (1, 4)
    after["base"][4] = 100.0
    assert after["part"].tolist() == [2.0, 100.0, 6.0, 8.0]
    assert after["turned"][0].tolist() == [0.0, 100.0, 8.0]


def test_a_tensor_named_twice_comes_back_as_one() -> None:
    tensor = torch.ones(3)
    after = through_memory([tensor, tensor])
    assert after[0] is after[1]


def test_containers_and_plain_values() -> None:
    thing = {
        "ordered": OrderedDict(a=1, b=2), "counter": Counter("abca"), "set": {1, 2}, "text": "äß",
        "numbers": (1, -5, 300, 70000, 2**70, 1.5, 1j, True, None), "bytes": b"ab\xff",
        "size": torch.Size([2, 3]), "dtype": torch.float16, "device": torch.device("cpu"),
        "bytearray": bytearray(b"xyz"), "nested": [[[]], {}, ()],
    }  # fmt: skip
    after = through_memory(thing)
    assert after == thing
    assert type(after["ordered"]) is OrderedDict
    assert type(after["size"]) is torch.Size
    assert after["dtype"] is torch.float16


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol(protocol: int) -> None:
    thing = {"a": torch.ones(2), "b": {1, 2}, "c": b"raw" * 100, "d": "x" * 300}
    after = through_memory(thing, pickle_protocol=protocol)
    assert after["a"].tolist() == [1.0, 1.0]
    assert after["b"] == {1, 2}
    assert after["c"] == thing["c"]


def test_gradient_flag_and_parameters() -> None:
    after = through_memory(
        {"leaf": torch.ones(2, requires_grad=True), "parameter": torch.nn.Parameter(torch.ones(2))}
    )
    assert after["leaf"].requires_grad
    assert isinstance(after["parameter"], torch.nn.Parameter)


def test_a_state_dict_and_an_optimiser(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    path = tmp_path / "checkpoint.pt"
    save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, path)
    checkpoint = load(path)
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(checkpoint["model"])
    assert torch.equal(other.weight, model.weight)
    steps = torch.optim.Adam(other.parameters(), lr=0.01)
    steps.load_state_dict(checkpoint["optimizer"])
    assert steps.state_dict()["state"][0]["exp_avg"].tolist() == (
        optimizer.state_dict()["state"][0]["exp_avg"].tolist()
    )


def test_a_whole_model_of_a_file_one_trusts() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
    file = io.BytesIO()
    save(model, file)
    assert b"torch.nn.modules" in file.getvalue()
    assert b"rushlight" not in file.getvalue()
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Sequential"):
        load(file)
    file.seek(0)
    other = load(file, weights_only=False)
    x = torch.ones(1, 2)
    assert other(x).tolist() == model(x).tolist()


def test_files_of_equal_contents_are_equal(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        save({"a": torch.arange(5)}, tmp_path / folder / "model.pt")
    one, two = ((tmp_path / name / "model.pt").read_bytes() for name in ("one", "two"))
    assert one == two


def test_mapped_files_share_nothing_with_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    save(torch.arange(100.0), path)
    mapped = load(path, mmap=True)
    mapped += 1
    assert load(path).tolist() == list(np.arange(100.0))
    with pytest.raises(ValueError, match="file filename"):
        load(io.BytesIO(path.read_bytes()), mmap=True)


def test_several_legacy_objects_in_one_stream() -> None:
    file = io.BytesIO()
    for value in (1.0, 2.0):
        save(torch.full((3,), value), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert [load(file).tolist()[0] for _ in range(2)] == [1.0, 2.0]


def test_map_location() -> None:
    file = io.BytesIO()
    save(torch.ones(2), file)
    seen = []

    def stay(storage, location):
        seen.append(location)
        return storage

    for where in (None, "cpu", torch.device("cpu"), {"cuda:0": "cpu"}, stay):
        file.seek(0)
        assert load(file, map_location=where).tolist() == [1.0, 1.0]
    assert seen == ["cpu"]
    file.seek(0)
    with pytest.raises(RuntimeError, match=r"map_location=torch.device"):
        load(file, map_location="cuda:0")


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    save(torch.ones(2), path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="pickle"):
        save({"a": torch.ones(1000), "b": lambda: None}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "model.pt"
    save(torch.ones(2), path)
    before = path.read_bytes()
    real_open = os.open

    def full(name, flags, mode=0o777, **options):
        if str(name).endswith(".tmp"):
            real_open(name, flags, mode)  # the name appears, the bytes go nowhere
            return real_open("/dev/full", os.O_WRONLY)
        return real_open(name, flags, mode, **options)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match=r"No space left on device.*nothing was changed"):
        save(torch.ones(100_000), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    target = tmp_path / "real.pt"
    save(torch.ones(1), target)
    target.chmod(0o640)
    link = tmp_path / "link.pt"
    link.symlink_to(target)
    save(torch.zeros(1), link)
    assert link.is_symlink()
    assert load(target).tolist() == [0.0]
    assert target.stat().st_mode & 0o777 == 0o640


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        save(1, tmp_path / "nowhere" / "x.pt")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.pt")
    with pytest.raises(AttributeError, match="write"):
        save(1, 5)


def test_one_storage_of_two_dtypes_is_refused() -> None:
    tensor = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="different types"):
        save([tensor, tensor.view(torch.int32)], io.BytesIO())


@pytest.mark.parametrize("legacy", [False, True])
def test_equal_tensors_stay_apart(legacy: bool) -> None:
    """Equal values may lie in one place in memory; they must not share a storage in the file."""
    a = torch.zeros(3)
    things = {"a": a, "b": torch.zeros(3), "clone": a.clone(), "view": a[1:], "same": a.detach()}
    things |= torch.nn.BatchNorm1d(3).state_dict()
    file = io.BytesIO()
    save(things, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    again = load(file)
    again["a"].add_(1)
    again["bias"].add_(2)
    assert {name: each.tolist() for name, each in again.items()} == {
        "a": [1, 1, 1], "b": [0, 0, 0], "clone": [0, 0, 0], "view": [1, 1], "same": [1, 1, 1],
        "weight": [1, 1, 1], "bias": [2, 2, 2], "running_mean": [0, 0, 0],
        "running_var": [1, 1, 1], "num_batches_tracked": 0,
    }  # fmt: skip


def test_options_for_all_calls(tmp_path: Path) -> None:
    from rushlight import serialization as s
    from rushlight.utils.serialization import config

    path = tmp_path / "x.pt"
    save({"x": torch.arange(3)}, path, _disable_byteorder_record=True)
    try:
        s.set_default_load_endianness(s.LoadEndianness.BIG)
        assert load(path)["x"].tolist() == [0, 1 << 56, 2 << 56]
    finally:
        s.set_default_load_endianness(None)
    assert load(path)["x"].tolist() == [0, 1, 2]
    with pytest.raises(TypeError, match="Invalid argument type"):
        s.set_default_load_endianness("big")
    assert s.get_default_mmap_options() == s.MAP_PRIVATE
    with s.set_default_mmap_options(s.MAP_SHARED):
        load(path, mmap=True)["x"].fill_(7)
    assert s.get_default_mmap_options() == s.MAP_PRIVATE
    with pytest.raises(ValueError, match="expected mmap"):
        s.set_default_mmap_options(99)
    try:
        s.set_crc32_options(False)
        assert config.save.compute_crc32 is False
        save({"x": torch.arange(3)}, path)
    finally:
        s.set_crc32_options(True)
    assert load(path)["x"].tolist() == [0, 1, 2]
    with s.skip_data():
        assert load(path)["x"].tolist() == [0, 0, 0]
        save({"x": torch.arange(3)}, path)
    assert load(path)["x"].tolist() == [0, 0, 0]


def test_a_conjugate_in_a_file_of_pytorchs() -> None:
    """PyTorch saves a conjugate as the plain numbers and a note."""
    from rushlight.serialization.rebuild import rebuild_tensor_v2
    from rushlight.serialization.storages import LoadedStorage, StorageKind

    numbers = np.array([1 + 2j, 3 - 1j], np.complex64)
    storage = LoadedStorage(StorageKind("ComplexFloatStorage", "complex64"), numbers.view(np.uint8))
    args = storage, 0, (2,), (1,), False, None
    assert rebuild_tensor_v2(*args, {"conj": True}).tolist() == [1 - 2j, 3 + 1j]
    assert rebuild_tensor_v2(*args, {"neg": True}).tolist() == [-1 - 2j, -3 + 1j]
    assert rebuild_tensor_v2(*args, {}).tolist() == [1 + 2j, 3 - 1j]
    with pytest.raises(NotImplementedError, match="'odd'"):
        rebuild_tensor_v2(*args, {"odd": True})
