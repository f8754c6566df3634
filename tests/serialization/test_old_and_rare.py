"""Files of PyTorch 0.1, and objects that few files hold."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.serialization import load, save
from rushlight.serialization.names import written_as


class Mention:
    """Written as a persistent id."""

    def __init__(self, key: int) -> None:
        self.key = key


class Pickler(pickle.Pickler):
    def persistent_id(self, thing: object) -> int | None:
        return thing.key if isinstance(thing, Mention) else None


def tensor_row(key: int, storage: int, size: list[int], stride: list[int], offset: int) -> bytes:
    head = pickle.dumps((key, storage, None), 2) + struct.pack("<ii", len(size), 0)
    return head + struct.pack(f"<{2 * len(size) + 1}q", *size, *stride, offset)


def tar_file(drop: str = "", count: int = 12) -> io.BytesIO:
    """A file as PyTorch 0.1 wrote it (checked once: PyTorch 2.13 reads the same from it)."""
    kind = b"\x80\x02(Kd" + b"X\x03\x00\x00\x00cpu" + b"ctorch\nFloatStorage\nt."
    storages = (
        pickle.dumps(1, 2) + kind + struct.pack("<q", count)
        + np.arange(12, dtype="<f4").tobytes() + pickle.dumps([(101, 100, 4, 6)], 2)
    )  # fmt: skip
    tensors = (
        pickle.dumps(2, 2) + tensor_row(200, 100, [3, 4], [4, 1], 0)
        + tensor_row(201, 101, [2, 2], [1, 2], 1)
    )  # fmt: skip
    pickled = io.BytesIO()
    Pickler(pickled, 2).dump({"a": Mention(200), "b": Mention(201), "od": OrderedDict(x=1)})
    parts = {"storages": storages, "tensors": tensors, "pickle": pickled.getvalue()}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in parts.items():
            if name != drop:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    file.seek(0)
    return file


def test_the_tar_form_of_pytorch_0_1() -> None:
    with pytest.raises(RuntimeError, match="Cannot use ``weights_only=True`` with files"):
        load(tar_file())
    thing = load(tar_file(), weights_only=False)
    assert thing["a"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert thing["b"].tolist() == [[5, 7], [6, 8]] and thing["od"] == {"x": 1}
    thing["a"].add_(1)  # both look into the same storage
    assert thing["b"].tolist() == [[6, 8], [7, 9]]
    for part in ("storages", "tensors", "pickle"):
        with pytest.raises(RuntimeError, match="damaged"):
            load(tar_file(drop=part), weights_only=False)
    with pytest.raises(RuntimeError, match="unexpected EOF"):
        load(tar_file(count=10**12), weights_only=False)


def test_a_stream_of_random_numbers() -> None:
    generator = torch.Generator().manual_seed(3)
    torch.rand(5, generator=generator)
    file = io.BytesIO()
    save({"generator": generator}, file)
    assert b"ctorch._C\nGenerator\n" in zipfile.ZipFile(file).read("archive/data.pkl")
    file.seek(0)
    again = load(file, weights_only=False)["generator"]
    assert again.initial_seed() == 3
    assert torch.rand(4, generator=again).tolist() == torch.rand(4, generator=generator).tolist()


def test_a_layout() -> None:
    file = io.BytesIO()
    save([torch.strided], file)
    file.seek(0)
    assert load(file) == [torch.strided]
    name = b"\x80\x02ctorch.serialization\n_get_layout\nX\x04\x00\x00\x00evil\x85R."
    damaged = io.BytesIO()
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("archive/data.pkl", name)
    damaged.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="layout called 'evil'"):
        load(damaged)


@pytest.mark.parametrize(("name", "kind"), [
    ("_rebuild_qtensor", "quantised"),
])  # fmt: skip
@pytest.mark.parametrize("weights_only", [True, False])
def test_kinds_of_tensors_that_are_not_here(name: str, kind: str, weights_only: bool) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", f"\x80\x02ctorch._utils\n{name}\n)R.".encode("latin1"))
    file.seek(0)
    with pytest.raises(NotImplementedError, match=f"holds a {kind} tensor"):
        load(file, weights_only=weights_only)


# Classes, and the modules of PyTorch 2.13 that they are in.
WHERE = {
    torch.nn.CTCLoss: "loss", torch.nn.CrossMapLRN2d: "normalization",
    torch.nn.EmbeddingBag: "sparse", torch.nn.FractionalMaxPool2d: "pooling",
    torch.nn.GRUCell: "rnn", torch.nn.LazyConv2d: "conv", torch.nn.LazyBatchNorm1d: "batchnorm",
    torch.nn.MaxUnpool2d: "pooling", torch.nn.MultiMarginLoss: "loss", torch.nn.NLLLoss2d: "loss",
    torch.nn.MultiheadAttention: "activation", torch.nn.TransformerEncoderLayer: "transformer",
    torch.nn.SyncBatchNorm: "batchnorm", torch.nn.Linear: "linear",
}  # fmt: skip


def test_classes_are_written_where_pytorch_has_them() -> None:
    for kind, module in WHERE.items():
        assert str(written_as(kind).module) == f"torch.nn.modules.{module}", kind
    step = written_as(torch.optim.lr_scheduler.StepLR)
    assert (step.module, step.name) == ("torch.optim.lr_scheduler", "StepLR")
    assert written_as(torch.optim.SGD).module == "torch.optim.sgd"
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    things = [torch.nn.CTCLoss(), torch.optim.lr_scheduler.StepLR(optimizer, 3)]
    file = io.BytesIO()
    save(things, file)
    file.seek(0)
    loss, scheduler = load(file, weights_only=False)
    assert type(loss) is torch.nn.CTCLoss and scheduler.step_size == 3


def pickled(thing: object) -> bytes:
    file = io.BytesIO()
    save(thing, file)
    return zipfile.ZipFile(file).read("archive/data.pkl")


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_whole_modules_have_what_pytorch_looks_for() -> None:
    assert b"ctorch.nn.functional\nrelu\n" in pickled(torch.nn.TransformerEncoderLayer(4, 2))
    assert b"_flat_weights" in pickled(torch.nn.LSTM(2, 3))
    assert b"ctorch.nn.parameter\nUninitializedParameter\n" in pickled(torch.nn.LazyLinear(2))
    things = [torch.nn.LSTM(2, 3), torch.nn.LazyLinear(2)]
    file = io.BytesIO()
    save(things, file)
    file.seek(0)
    lstm, lazy = load(file, weights_only=False)
    x = torch.ones(4, 1, 2)
    assert torch.equal(lstm(x)[0], things[0](x)[0])
    with torch.no_grad():
        lstm.weight_ih_l0.zero_()
    assert float(lstm._flat_weights[0].detach().abs().max()) == 0.0
    assert lazy(torch.ones(3, 5)).shape == (3, 2)


def marked_big() -> bytes:
    """A checkpoint as a machine wrote it that has the high byte first."""
    held = {"h": torch.tensor([1.5]).half(), "c": torch.tensor([1 + 2j]), "i": torch.tensor([3, 4])}
    made, marked = io.BytesIO(), io.BytesIO()
    save(held, made)
    turned = {"archive/data/0": "u2", "archive/data/1": "u4", "archive/data/2": "u8"}
    with zipfile.ZipFile(made) as read, zipfile.ZipFile(marked, "w") as write:
        for name in read.namelist():
            data = np.frombuffer(read.read(name), turned.get(name, "u1")).byteswap().tobytes()
            write.writestr(name, b"big" if name.endswith("byteorder") else data)
    return marked.getvalue()


def test_the_other_byte_order(tmp_path: Path) -> None:
    path = tmp_path / "big.pt"
    path.write_bytes(marked_big())
    for found in (load(path), load(path, mmap=True)):
        assert found["h"].tolist() == [1.5] and found["i"].tolist() == [3, 4]
        assert found["c"].tolist() == [1 + 2j]


def test_the_old_stream_has_one_byte_order() -> None:
    """PyTorch writes the low byte first on every machine, whatever it notes of that machine."""
    file = io.BytesIO()
    save(torch.tensor([1.0, 2.0]), file, _use_new_zipfile_serialization=False)
    data = file.getvalue()
    at = data.index(b"\x88", data.index(b"little_endian"))  # True
    assert load(io.BytesIO(data[:at] + b"\x89" + data[at + 1 :])).tolist() == [1.0, 2.0]
