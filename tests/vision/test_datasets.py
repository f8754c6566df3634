"""Data sets from torchvision's folders: small ones made here, the real ones where they are."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import struct
import urllib.error
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, Subset
from rushlight.vision import transforms as T
from rushlight.vision.datasets import (
    CIFAR10,
    CIFAR100,
    MNIST,
    FakeData,
    FashionMNIST,
    FashionMNISTSmall,
    ImageFolder,
)
from rushlight.vision.datasets.array_pickle import read_array_pickle

Image = pytest.importorskip("PIL.Image")

LAID = Path(__file__).parents[3] / "laid"
COUNT = 12


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """A folder with an MNIST of twelve images a split."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split in ("train", "t10k"):
        images = rng.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8)
        labels = np.arange(COUNT, dtype=np.uint8) % 10
        (raw / f"{split}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"{split}-labels-idx1-ubyte").write_bytes(idx(labels))
    return tmp_path


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch) -> Path:
    """A folder with a CIFAR-10 of twelve images a file, its md5 entered in the class."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rng = np.random.default_rng(0)
    sums = {}
    for name in (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"):
        data = pickle.dumps({
            "batch_label": name, "labels": [k % 10 for k in range(COUNT)],
            "data": rng.integers(0, 256, (COUNT, 3072), dtype=np.uint8), "filenames": ["x"] * COUNT,
        }, 2)  # fmt: skip
        (folder / name).write_bytes(data)
        sums[name] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    meta = pickle.dumps({"label_names": [f"class {k}" for k in range(10)]}, 2)
    (folder / "batches.meta").write_bytes(meta)
    train = [(name, sums[name]) for name in sums if name.startswith("data")]
    monkeypatch.setattr(CIFAR10, "train_list", train)
    monkeypatch.setattr(CIFAR10, "test_list", [("test_batch", sums["test_batch"])])
    md5 = hashlib.md5(meta, usedforsecurity=False).hexdigest()
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5})
    return tmp_path


@pytest.fixture
def no_network(monkeypatch) -> None:
    def refused(*args, **options):
        raise urllib.error.URLError("no network in this test")

    monkeypatch.setattr("urllib.request.urlopen", refused)


def test_mnist(mnist: Path) -> None:
    data = MNIST(mnist, train=True, transform=T.ToTensor())
    assert len(data) == COUNT
    assert data.data.shape == (COUNT, 28, 28)
    assert data.targets.dtype == torch.int64
    image, label = data[3]
    assert label == 3
    assert image.tolist() == (data.data[3].float() / 255).unsqueeze(0).tolist()
    assert MNIST(mnist, train=False)[0][0].mode == "L"
    assert data.class_to_idx["3 - three"] == 3
    assert repr(data) == (
        f"Dataset MNIST\n    Number of datapoints: {COUNT}\n    Root location: {mnist}\n"
        "    Split: Train\n    StandardTransform\nTransform: ToTensor()"
    )


def test_names_of_2017(mnist: Path) -> None:
    data = MNIST(mnist)
    with pytest.warns(UserWarning, match="train_data has been renamed data"):
        assert data.train_data is data.data
    with pytest.warns(UserWarning, match="train_labels has been renamed targets"):
        assert data.train_labels is data.targets


def test_a_damaged_mnist_says_so(mnist: Path) -> None:
    path = mnist / "MNIST" / "raw" / "train-images-idx3-ubyte"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(RuntimeError, match=r"train-images-idx3-ubyte is damaged.*header says"):
        MNIST(mnist)
    path.write_bytes(b"<html>" + whole)
    with pytest.raises(RuntimeError, match="does not begin as an idx file"):
        MNIST(mnist)


@pytest.mark.usefixtures("no_network")
def test_download(mnist: Path, tmp_path: Path) -> None:
    assert len(MNIST(mnist, download=True)) == COUNT  # all there: nothing is fetched
    raw = mnist / "MNIST" / "raw"
    packed = raw / "t10k-labels-idx1-ubyte"
    (raw / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    assert len(MNIST(mnist, download=True)) == COUNT  # packed files are enough
    with pytest.raises(RuntimeError) as caught:
        FashionMNIST(tmp_path / "elsewhere", download=True)
    for part in ("no network in this test", "put the file there by hand", "FashionMNIST/raw"):
        assert part in str(caught.value)
    with pytest.raises(RuntimeError, match=r"Dataset not found.*t10k-labels-idx1-ubyte"):
        FashionMNIST(tmp_path / "elsewhere")


def test_cifar(cifar: Path) -> None:
    data = CIFAR10(cifar, train=True)
    assert len(data) == 5 * COUNT
    assert data.data.shape == (5 * COUNT, 32, 32, 3)
    assert data.classes[3] == "class 3"
    image, label = data[13]
    assert (image.size, image.mode, label) == ((32, 32), "RGB", 1)
    assert len(CIFAR10(cifar, train=False, download=True)) == COUNT


def test_a_damaged_cifar_is_not_read(cifar: Path, tmp_path: Path) -> None:
    path = cifar / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RuntimeError, match=r"download=True.*data_batch_3: its md5 is wrong"):
        CIFAR10(cifar)
    path.unlink()
    with pytest.raises(RuntimeError, match=r"data_batch_3: it is not there"):
        CIFAR10(cifar)
    with pytest.raises(RuntimeError, match="cifar-100-python"):
        CIFAR100(tmp_path)


class Calls:
    def __reduce__(self):
        return os.system, ("touch PWNED",)


@pytest.mark.parametrize(
    "data",
    [
        pickle.dumps(Calls(), 2), pickle.dumps({"data": Calls()}, 2), b"", b"\x80\x02}",
        pickle.dumps([1], 2), pickle.dumps({"data": np.array([Calls()], dtype=object)}, 2),
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nJ\xff\xff\xff\x7f\x85"
        b"U\x01b\x87R.",
    ],
)  # fmt: skip
def test_a_hostile_cifar_file_is_refused(data: bytes, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="data_batch_1 is not a CIFAR file"):
        read_array_pickle(data, "data_batch_1")
    assert list(tmp_path.iterdir()) == []


PIPELINES = {
    "to tensor": T.ToTensor(),
    "normalized": T.Compose([T.ToTensor(), T.Normalize((0.5,) * 3, (0.5, 0.4, 0.3))]),
    "twice": T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.5,)), T.Normalize((0.1,), (2.0,))]),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_whole_batches_are_the_single_samples(name: str, cifar: Path) -> None:
    data = CIFAR10(cifar, transform=PIPELINES[name])
    order = [5, 0, 59, -1]
    images, labels = data.fetch_batch(order)
    assert images.is_contiguous()
    assert labels.tolist() == [data[k][1] for k in order]
    for image, k in zip(images, order, strict=True):
        assert image.tolist() == data[k][0].tolist()
    loaded = next(iter(DataLoader(Subset(data, order), batch_size=4)))
    assert loaded[0].tolist() == images.tolist()


def test_what_users_change_is_seen(cifar: Path) -> None:
    data = CIFAR10(cifar, transform=T.ToTensor())
    data.data = data.data[:4] * 0
    data.targets = [9] * 4
    images, labels = next(iter(DataLoader(data, batch_size=4)))
    assert images.shape == (4, 3, 32, 32)
    assert images.sum().item() == 0.0
    assert labels.tolist() == [9] * 4
    data.target_transform = lambda label: label + 1
    assert next(iter(DataLoader(data, batch_size=4)))[1].tolist() == [10] * 4

    class Own(CIFAR10):
        def __getitem__(self, index):
            return super().__getitem__(index)[1], index

    own = Own(cifar, transform=T.ToTensor())
    assert next(iter(DataLoader(own, batch_size=2)))[1].tolist() == [0, 1]


def test_image_folder(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        (tmp_path / name / "more").mkdir(parents=True)
        Image.new("L", (3, 3)).save(tmp_path / name / "more" / "1.PNG")
        (tmp_path / name / "notes.txt").write_text("not an image")
    data = ImageFolder(tmp_path, transform=T.ToTensor())
    assert data.classes == ["cat", "dog"]
    assert data.targets == [0, 1]
    assert data[1][0].shape == (3, 3, 3)
    (tmp_path / "fish").mkdir()
    with pytest.raises(FileNotFoundError, match="classes fish"):
        ImageFolder(tmp_path)
    with pytest.raises(FileNotFoundError, match="any class folder"):
        ImageFolder(tmp_path / "fish")


def test_fake_data() -> None:
    data = FakeData(3, (3, 4, 5), num_classes=7)
    image, label = data[1]
    assert image.size == (5, 4)
    assert 0 <= label < 7
    assert np.array_equal(np.asarray(image), np.asarray(data[1][0]))
    with pytest.raises(IndexError):
        data[3]


def test_the_set_that_ships() -> None:
    train, test = FashionMNISTSmall(), FashionMNISTSmall(train=False, transform=T.ToTensor())
    assert (len(train), len(test)) == (10_000, 2_000)
    assert np.bincount(train.targets.numpy()).tolist() == [1000] * 10
    assert np.bincount(test.targets.numpy()).tolist() == [200] * 10
    assert test[0][0].shape == (1, 28, 28)
    images, labels = next(iter(DataLoader(test, batch_size=4)))
    assert images.shape == (4, 1, 28, 28)
    assert labels.shape == (4,)


@pytest.mark.skipif(not LAID.exists(), reason="the laid-out data sets are not here")
def test_the_real_sets() -> None:
    cifar = CIFAR10(LAID, train=False)
    assert (len(cifar), cifar.targets[:4]) == (10_000, [3, 8, 8, 0])
    assert cifar.classes[:2] == ["airplane", "automobile"]
    mnist = MNIST(LAID, train=True)
    assert (len(mnist), mnist.targets[:4].tolist()) == (60_000, [5, 0, 4, 1])
    fashion = FashionMNIST(LAID, train=False)
    assert (len(fashion), fashion.targets[:4].tolist()) == (10_000, [9, 2, 1, 1])
