"""Files that are damaged, hostile, or cannot be written: clear errors, and nothing half-written."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zlib
from pathlib import Path

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.vision import datasets
from rushlight.vision.io import read_image


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "net.pth"
    torch.manual_seed(0)
    torch.save(nn.Linear(40, 30).state_dict(), path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_checkpoint(share: float, checkpoint: Path) -> None:
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(len(content) * share)])
    model = nn.Linear(40, 30)
    before = model.weight.clone()
    with pytest.raises((RuntimeError, EOFError), match=r"net\.pth|central directory|Ran out"):
        model.load_state_dict(torch.load(checkpoint))
    assert torch.equal(model.weight, before)


def test_a_checkpoint_that_is_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.pth"
    path.write_text("epoch 1 loss 0.5\n" * 20)
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        torch.load(path)


class Hostile:
    def __init__(self, touched: Path) -> None:
        self.touched = touched

    def __reduce__(self):
        return os.mkdir, (str(self.touched),)


@pytest.mark.parametrize("form", ["zip", "legacy", "plain"])
def test_a_hostile_pickle_runs_nothing(form: str, tmp_path: Path) -> None:
    touched, path = tmp_path / "touched", tmp_path / "net.pth"
    thing = {"weight": torch.ones(2), "x": Hostile(touched)}
    if form == "plain":
        path.write_bytes(pickle.dumps({"x": Hostile(touched)}))
    else:
        torch.save(thing, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(pickle.UnpicklingError, match="mkdir") as info:
        torch.load(path)
    assert "weights_only" in str(info.value)
    assert not touched.exists()


def test_a_limit_on_file_size_leaves_the_old_checkpoint(run, tmp_path: Path) -> None:
    status, out, errors = run("""
        import os, resource
        model, _ = train(Rows(), 0)
        torch.save(model.state_dict(), "net.pth")
        before = open("net.pth", "rb").read()
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        model[0].weight.data.zero_()
        try:
            torch.save(model.state_dict(), "net.pth")
        except OSError as error:
            print(type(error).__name__, error)
        print(open("net.pth", "rb").read() == before, sorted(os.listdir()))
        """)
    assert (status, errors) == (0, "")
    first, second = out.splitlines()
    assert first.startswith("OSError [Errno 27] torch.save: File too large while writing")
    assert "net.pth" in first
    assert second == "True ['net.pth', 'program.py']"


def test_a_full_disk(run, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    status, out, _ = run("""
        try:
            torch.save({"a": torch.ones(3)}, "/dev/full")
        except OSError as error:
            print(error.errno, error)
        """)
    assert status == 0
    assert out.startswith("28 [Errno 28]")
    assert "No space left on device" in out


def test_saving_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        torch.save({}, tmp_path / "none" / "net.pth")


def test_what_cannot_be_pickled_leaves_the_old_file(checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        torch.save({"weight": torch.ones(1000), "f": lambda: 0}, checkpoint)
    assert checkpoint.read_bytes() == before
    assert [path.name for path in checkpoint.parent.iterdir()] == ["net.pth"]


def test_a_cache_folder_that_is_a_file(run, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    program = "print(train(Rows(), 0)[1])"
    good = run(program, RUSHLIGHT_CACHE=str(tmp_path / "kept" / "cache"))
    status, out, errors = run(program, RUSHLIGHT_CACHE=str(tmp_path / "cache"))
    assert good[0] == status == 0
    assert out == good[1]
    assert errors.count("RuntimeWarning: rushlight: compiled code is not kept on disk") == 1
    assert (tmp_path / "cache").read_text() == "in the way"


def test_a_cache_folder_on_a_full_disk(run, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    status, out, errors = run(
        limit + "print(train(Rows(), 0)[1])", RUSHLIGHT_CACHE=str(tmp_path / "kept" / "cache")
    )
    assert status == 0
    assert float(out) > 0
    assert errors.count("compiled code is not kept on disk") == 1
    left = (tmp_path / "kept" / "cache").rglob("*")
    assert [path for path in left if path.is_file()] == []


def test_a_corrupt_data_file(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta"]
    for name in names:
        (folder / name).write_bytes(b"\x80\x02}q\x00." * 100)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted") as info:
        datasets.CIFAR10(root=str(tmp_path))
    assert "download=True" in str(info.value)


def test_a_truncated_data_file(tmp_path: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            (folder / f"{part}-{kind}").write_bytes(b"\x00\x00\x08\x03\x00\x00")
    with pytest.raises((RuntimeError, ValueError), match=r"MNIST|idx|corrupt"):
        datasets.MNIST(root=str(tmp_path))


def test_data_that_is_not_there_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not found") as info:
        datasets.FashionMNIST(root=str(tmp_path / "nowhere"))
    assert "nowhere" in str(info.value)
    assert not (tmp_path / "nowhere").exists()


def test_a_stream_that_breaks_while_saving() -> None:
    class Breaking(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        torch.save({"a": torch.ones(3)}, Breaking())


@pytest.mark.parametrize(
    "text",
    ['{"images": [{"id": 1}], "annotations": [{"id": 1}]}', "[]", "[" * 100_000, "{", "3"],
)
def test_annotations_of_another_form_name_their_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.json"
    path.write_text(text)
    with pytest.raises(RuntimeError, match=r"notes\.json is not a COCO annotation file"):
        datasets.CocoDetection(str(tmp_path), str(path))


def test_a_picture_that_claims_to_be_enormous(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b""))
    with pytest.raises(RuntimeError, match="3600000000 pixels"):
        read_image(str(path))
