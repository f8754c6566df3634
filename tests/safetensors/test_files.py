"""safetensors files: there and back, beside the real package's bytes, and damaged ones."""

from __future__ import annotations

import io
import json
import random
import struct
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.compat import names
from rushlight.safetensors import SafetensorError, safe_open
from rushlight.safetensors import numpy as for_arrays
from rushlight.safetensors import torch as for_tensors

# What safetensors 0.8.0 wrote of TENSORS.
REAL = (
    b'8\x01\x00\x00\x00\x00\x00\x00{"__metadata__":{"k":"v","a":"b"},"a":{"dtype":"I64","shape":[2],'
    b'"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[3],"data_offsets":[16,28]},"d":{"dtype":'
    b'"F16","shape":[1],"data_offsets":[28,30]},"c":{"dtype":"U8","shape":[0,2],"data_offsets":[30,'
    b'30]},"\xc3\xa9":{"dtype":"BOOL","shape":[1],"data_offsets":[30,31]}} \x00\x00\x00\x00\x00\x00'
    b"\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x80?\x00\x00\x80?\x00<\x01"
)
TENSORS = {
    "b": torch.ones(3), "a": torch.arange(2), "c": torch.zeros(0, 2, dtype=torch.uint8),
    "d": torch.ones(1, dtype=torch.float16), "é": torch.tensor([True]),
}  # fmt: skip
NOTES = {"k": "v", "a": "b"}


def test_the_bytes_are_the_packages() -> None:
    assert for_tensors.save(TENSORS, NOTES) == REAL
    assert for_arrays.save({name: each.numpy() for name, each in TENSORS.items()}, NOTES) == REAL
    back = for_tensors.load(REAL)
    assert list(back) == ["a", "b", "d", "c", "é"]
    for name, tensor in TENSORS.items():
        assert back[name].dtype == tensor.dtype and torch.equal(back[name], tensor)


@pytest.mark.parametrize("dtype", [
    "float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool",
])  # fmt: skip
def test_every_dtype(dtype: str, tmp_path: Path) -> None:
    tensors = {
        "x": torch.arange(6).reshape(2, 3).to(getattr(torch, dtype)),
        "zero": torch.tensor(1).to(getattr(torch, dtype)), "odd": torch.ones(3).to(torch.uint8),
    }  # fmt: skip
    for_tensors.save_file(tensors, tmp_path / "x.safetensors")
    back = for_tensors.load_file(tmp_path / "x.safetensors")
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype and back[name].tolist() == tensor.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


def test_one_tensor_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for_tensors.save_file(TENSORS, path, NOTES)
    with safe_open(path, framework="pt", device="cpu") as file:
        assert file.keys() == ["a", "b", "c", "d", "é"]
        assert file.offset_keys() == ["a", "b", "d", "c", "é"]
        assert file.metadata() == NOTES
        part = file.get_slice("b")
        assert part.get_shape() == [3] and part.get_dtype() == "F32"
        assert torch.equal(part[1:], torch.ones(2))
        kept = file.get_tensor("a")
        with pytest.raises(SafetensorError, match="File does not contain tensor q"):
            file.get_tensor("q")
    assert kept.tolist() == [0, 1]
    with pytest.raises(SafetensorError, match="closed"):
        file.get_tensor("a")
    kept += 1  # in memory; the file stays as it is
    assert for_tensors.load_file(path)["a"].tolist() == [0, 1]
    with safe_open(path, framework="np") as file:
        assert isinstance(file.get_tensor("b"), np.ndarray)
    with pytest.raises(SafetensorError, match="framework tf is invalid"):
        safe_open(path, framework="tf")
    with pytest.raises(FileNotFoundError):
        safe_open(tmp_path / "none", framework="pt")
    with pytest.raises(RuntimeError, match="cuda"):
        for_tensors.load_file(path, device="cuda:0")


def test_what_cannot_be_saved() -> None:
    base = torch.arange(6.0)
    with pytest.raises(RuntimeError, match="share memory"):
        for_tensors.save({"a": base, "b": base[2:]})
    assert set(for_tensors.load(for_tensors.save({"a": base[:3], "b": base[3:]}))) == {"a", "b"}
    with pytest.raises(ValueError, match="non contiguous tensor: `t`"):
        for_tensors.save({"t": base.reshape(2, 3).t()})
    with pytest.raises(ValueError, match=r"expected torch\.Tensor"):
        for_tensors.save({"a": [1.0]})
    with pytest.raises(ValueError, match="Expected a dict"):
        for_tensors.save([base])


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.embed.weight
        self.norm = nn.BatchNorm1d(5)


def test_a_model_with_tied_weights(tmp_path: Path) -> None:
    model, other = Tied(), Tied()
    path = str(tmp_path / "m.safetensors")
    for_tensors.save_model(model, path)
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"head.weight": "embed.weight"}
        assert "head.weight" not in file.keys()  # noqa: SIM118
    assert for_tensors.load_model(other, path) == (set(), [])
    assert torch.equal(other.head.weight, model.embed.weight)
    with pytest.raises(RuntimeError, match=r"Missing key.*bias"):
        for_tensors.load_model(nn.Linear(3, 5), path)


def header(content: object, data: bytes = b"") -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text + data


def one(**fields: object) -> dict[str, object]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **fields}}


TWICE = b'{"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'  # fmt: skip  # noqa: E501
DAMAGED = {
    "empty": b"", "three bytes": b"abc", "header of 2**64": b"\xff" * 8,
    "header beyond the file": struct.pack("<Q", 100) + b"{}",
    "large header": struct.pack("<Q", 100_000_001) + b"{}", "no JSON": header(b"{{{"),
    "no UTF-8": header(b'{"\xff":1}'), "list": header([]), "short": header(one(), bytes(7)),
    "long": header(one(), bytes(9)), "shape": header(one(shape=[3]), bytes(8)),
    "hole": header(one(shape=[1], data_offsets=[4, 8]), bytes(8)),
    "negative": header(one(shape=[-1]), bytes(8)),
    "overflow": header(one(shape=[2**62, 8]), bytes(8)),
    "dtype": header(one(dtype="X"), bytes(8)),
    "backwards": header(one(data_offsets=[8, 0]), bytes(8)),
    "overlap": header({**one(), "y": one()["x"]}, bytes(8)), "twice": header(TWICE),
    "metadata": header({"__metadata__": {"a": 1}}), "missing": header({"x": {"dtype": "F32"}}),
    "float": header(one(shape=[2.0]), bytes(8)), "bool": header(one(shape=[True, 2]), bytes(8)),
    "three places": header(one(data_offsets=[0, 8, 9]), bytes(8)), "deep": header(b"[" * 10**6),
    "deep dicts": header(b'{"a":' * 10**6), "nan": header(b'{"x":NaN}'),
    "long number": header(b'{"x":{"dtype":"F32","shape":[' + b"9" * 10**5 + b"]}}"),
    "many sizes": header(one(shape=[2] * 10**5), bytes(8)),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files(name: str, tmp_path: Path) -> None:
    with pytest.raises(SafetensorError, match="Error while deserializing header"):
        for_tensors.load(DAMAGED[name])
    (tmp_path / "x").write_bytes(DAMAGED[name])
    with pytest.raises(SafetensorError, match="Error while deserializing header"):
        safe_open(tmp_path / "x", framework="pt")


def test_every_cut_and_many_flips_of_the_header() -> None:
    for place in range(len(REAL)):
        with pytest.raises(SafetensorError):
            for_tensors.load(REAL[:place])
    rng = random.Random(0)
    for _ in range(300):
        changed = bytearray(REAL)
        changed[rng.randrange(8 + 0x138)] ^= 1 << rng.randrange(8)
        try:
            loaded = for_arrays.load(bytes(changed))
        except SafetensorError:
            continue
        # A changed name, note or dtype of the same width is a file like any other.
        assert sum(each.nbytes for each in loaded.values()) == 31


def test_programs_find_it() -> None:
    assert names.ours("safetensors.torch") == "rushlight.safetensors.torch"
    assert names.ours("safetensors") == "rushlight.safetensors"
    assert names.ours("torch.safetensors") is None


def test_torch_load_names_the_format() -> None:
    with pytest.raises(RuntimeError, match=r"safetensors\.torch\.load_file"):
        torch.load(io.BytesIO(REAL))
