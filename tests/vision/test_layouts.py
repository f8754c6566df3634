"""Data sets in their published layouts: what torchvision 0.28 showed of the same files."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL.Image")

from rushlight.utils.data import DataLoader
from rushlight.vision import datasets as D
from rushlight.vision import transforms as T
from rushlight.vision.datasets.mat import read_mat
from tests.vision import layouts, scene_layouts

CASES = (*layouts.CASES, *scene_layouts.CASES)
SEEN = json.loads((Path(__file__).parent / "layouts.json").read_text())


@pytest.fixture
def any_bytes(monkeypatch):
    """The checksums are those of the real files: here it is enough that a file is there."""
    for found in pkgutil.iter_modules(D.__path__):
        module = importlib.import_module(f"rushlight.vision.datasets.{found.name}")
        if hasattr(module, "check_integrity"):
            monkeypatch.setattr(module, "check_integrity", lambda path, *_: Path(path).is_file())


@pytest.mark.usefixtures("any_bytes")
@pytest.mark.parametrize(("fill", "expression"), CASES, ids=[each[1] for each in CASES])
def test_layout(fill, expression: str, tmp_path: Path) -> None:
    fill(tmp_path)
    data = eval(expression, {"D": D, "R": str(tmp_path)})
    shown = layouts.described(data, str(tmp_path))
    for name, value in SEEN[expression].items():
        assert shown[name] == value, name


@pytest.mark.parametrize(
    "expression",
    ["D.SVHN(R)", "D.STL10(R)", "D.Caltech101(R)", "D.Caltech256(R)", "D.Flowers102(R)",
     "D.OxfordIIITPet(R)", "D.Food101(R)", "D.EuroSAT(R)", "D.Country211(R)", "D.GTSRB(R)",
     "D.DTD(R)", "D.FGVCAircraft(R)", "D.StanfordCars(R)", "D.SUN397(R)", "D.Omniglot(R)",
     "D.CelebA(R)", "D.LFWPeople(R)", "D.LFWPairs(R)", "D.VOCDetection(R)", "D.EMNIST(R, 'digits')",
     "D.QMNIST(R)", "D.SEMEION(R, download=False)", "D.CLEVRClassification(R)",
     "D.Imagenette(R)", "D.MovingMNIST(R)", "D.RenderedSST2(R)"],
)  # fmt: skip
def test_what_is_not_there_is_named(expression: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Dataset not found"):
        eval(expression, {"D": D, "R": str(tmp_path)})


def test_places_and_imagenet_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"categories_places365.txt does not exist"):
        D.Places365(tmp_path)
    with pytest.raises(RuntimeError, match=r"ILSVRC2012_devkit_t12.tar.gz is not present"):
        D.ImageNet(tmp_path)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: D.SVHN("x", "trian"), "Unknown value 'trian' for argument split"),
        (lambda: D.STL10("x", folds=10), r"range \[0, 10\)"),
        (lambda: D.DTD("x", partition=11), "1 <= partition <= 10"),
        (
            lambda: D.VOCDetection("x", "2012", "test"),
            "Valid values are {'train', 'trainval', 'val'}",
        ),
        (lambda: D.EMNIST("x", 3), "Expected type str"),
        (lambda: D.StanfordCars("x", download=True), "cannot be downloaded"),
    ],
)
def test_wrong_words(call, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_checksums_count(tmp_path: Path) -> None:
    layouts.svhn(tmp_path)
    with pytest.raises(RuntimeError, match="not found or corrupted"):
        D.SVHN(tmp_path)


@pytest.mark.usefixtures("any_bytes")
def test_imagenet_from_its_devkit(tmp_path: Path) -> None:
    import tarfile

    kit = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    layouts.mat(kit / "meta.mat", "SYNSETS")
    layouts.text(kit / "ILSVRC2012_validation_ground_truth.txt", "2\n1\n2\n")
    with tarfile.open(tmp_path / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as archive:
        archive.add(kit.parent, kit.parent.name)
    with tarfile.open(tmp_path / "ILSVRC2012_img_val.tar", "w") as archive:
        for number in (1, 2, 3):
            path = tmp_path / f"ILSVRC2012_val_{number:08d}.JPEG"
            layouts.Image.new("RGB", (10 + number, 12)).save(path, "jpeg")
            archive.add(path, path.name)
    data = D.ImageNet(tmp_path, "val")
    assert data.wnids == ["n01", "n02"]
    assert data.classes == [("kit fox", "Vulpes"), ("English setter",)]
    assert data.class_to_idx == {"kit fox": 0, "Vulpes": 0, "English setter": 1}
    assert [(image.size[0], label) for image, label in data] == [(12, 0), (11, 1), (13, 1)]


@pytest.mark.usefixtures("any_bytes")
@pytest.mark.parametrize("expression", ["D.SVHN(R)", "D.USPS(R)", "D.QMNIST(R, train=False)"])
def test_batches_are_the_samples(expression: str, tmp_path: Path) -> None:
    fill = next(fill for fill, text in layouts.CASES if text == expression)
    fill(tmp_path)
    data = eval(expression, {"D": D, "R": str(tmp_path)})
    data.transform = T.Compose([T.Resize(20), T.ToTensor()])
    assert data.fetch_batch([0]) is not None
    images, labels = next(iter(DataLoader(data, batch_size=2)))
    for place in range(2):
        image, label = data[place]
        assert np.array_equal(images[place].numpy(), image.numpy())
        assert labels[place].item() == label


@pytest.mark.parametrize("name", sorted(layouts.MATS))
def test_damaged_mat_files_say_so(name: str, tmp_path: Path) -> None:
    layouts.mat(tmp_path / "good.mat", name)
    data = (tmp_path / "good.mat").read_bytes()
    rng = np.random.default_rng(0)
    broken = tmp_path / "broken.mat"
    for cut in (0, 100, 129, 140, len(data) - 9):
        broken.write_bytes(data[:cut])
        with pytest.raises(RuntimeError, match=r"broken.mat cannot be read"):
            read_mat(broken)
    for _ in range(40):
        flipped = bytearray(data)
        flipped[int(rng.integers(128, len(data)))] ^= 1 << int(rng.integers(8))
        broken.write_bytes(flipped)
        try:
            read_mat(broken)
        except RuntimeError as error:
            assert "cannot be read as a .mat file" in str(error)


def test_scenes_that_are_not_there(tmp_path: Path) -> None:
    root = str(tmp_path)
    with pytest.raises(RuntimeError, match="incomplete"):
        D.Cityscapes(root)
    with pytest.raises(ValueError, match="Unknown split 'test' for mode 'coarse'"):
        D.Cityscapes(root, "test", "coarse")
    with pytest.raises(RuntimeError, match="Dataset not found"):
        D.Kitti(root)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        D.WIDERFace(root)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        D.INaturalist(root)
    with pytest.raises(NotImplementedError, match="Kinetics is left out"):
        D.Kinetics  # noqa: B018
    assert D.Cityscapes.classes[7] == ("road", 7, 0, "flat", 1, False, False, (128, 64, 128))
    scene_layouts.inaturalist_2021(tmp_path)
    species = D.INaturalist(root, "2021_train_mini")
    assert species.category_name("genus", 1) == "W"
    with pytest.raises(ValueError, match="Invalid category id 5"):
        species.category_name("genus", 5)


def test_names_of_utils(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    layouts.text(tmp_path / "a.txt", "x")
    layouts.text(tmp_path / "c.png", "x")
    assert D.utils.list_dir(tmp_path) == ["b"]
    assert D.utils.list_files(tmp_path, (".txt", ".png"), prefix=True)[1] == str(tmp_path / "c.png")
    assert D.utils.calculate_md5(tmp_path / "a.txt") == "9dd4e461268c8034f5c8564e155c67a6"
    assert D.utils.check_md5(tmp_path / "a.txt", "9dd4e461268c8034f5c8564e155c67a6")
    assert D.utils.verify_str_arg("any") == "any"
    with pytest.raises(ValueError, match="Expected type str, but got type <class 'int'>"):
        D.utils.verify_str_arg(3)
    with pytest.raises(ValueError, match=r"Valid values are \{'a', 'b'\}"):
        D.utils.verify_str_arg("c", "x", ("a", "b"))
    assert D.folder.pil_loader is D.folder.default_loader
