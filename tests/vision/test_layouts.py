"""Data sets in their published layouts: what torchvision 0.28 showed of the same files."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("PIL.Image")

from rushlight.utils.data import DataLoader
from rushlight.vision import datasets as D
from rushlight.vision import transforms as T
from rushlight.vision.datasets import flow_files
from rushlight.vision.datasets.mat import read_mat
from tests.vision import depth_layouts, layouts, matlab_files, scene_layouts

CASES = (*layouts.CASES, *scene_layouts.CASES, *depth_layouts.CASES)
SEEN = {
    expression: seen
    for name in ("layouts.json", "depth_layouts.json")
    for expression, seen in json.loads((Path(__file__).parent / name).read_text()).items()
}


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
    matlab_files.mat(kit / "meta.mat", "SYNSETS")
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


@pytest.mark.parametrize("name", sorted(matlab_files.MATS))
def test_damaged_mat_files_say_so(name: str, tmp_path: Path) -> None:
    matlab_files.mat(tmp_path / "good.mat", name)
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
    with pytest.raises(ValueError, match="argument split if mode is 'coarse'"):
        D.Cityscapes(root, "test", "coarse")
    with pytest.raises(RuntimeError, match="Dataset not found"):
        D.Kitti(root)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        D.WIDERFace(root)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        D.INaturalist(root)
    with pytest.raises(FileNotFoundError):
        D.Kinetics(root, 4)
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


def test_motion_that_is_not_there(tmp_path: Path) -> None:
    root = str(tmp_path)
    with pytest.raises(FileNotFoundError, match="Could not find the Kitti flow images"):
        D.KittiFlow(root)
    with pytest.raises(FileNotFoundError, match=r"FlyingChairs_train_val.txt"):
        D.FlyingChairs(root)
    with pytest.raises(FileNotFoundError, match="Could not find any files matching"):
        D.CarlaStereo(root)
    with pytest.raises(ValueError, match="has only no calibration settings"):
        D.Middlebury2014Stereo(root, "test")
    with pytest.raises(ValueError, match=r"Valid values are \{'train', 'test'\}"):
        D.HD1K(root, "val")
    for broken in (b"", b"PIEH", b"PIEH\x05\0\0\0\x05\0\0\0abcd"):
        (tmp_path / "a.flo").write_bytes(broken)
        with pytest.raises(ValueError, match=r"a\.flo"):
            flow_files.read_flo(tmp_path / "a.flo")
    for broken in (b"", b"P6\n1 1\n1\n", b"Pf\n1 1\n", b"PF\nx y\n-1\nabcd"):
        (tmp_path / "a.pfm").write_bytes(broken)
        with pytest.raises(ValueError, match="PFM"):
            flow_files.read_pfm(tmp_path / "a.pfm")


def test_pairs_are_changed_together(tmp_path: Path) -> None:
    depth_layouts.sintel(tmp_path)
    flows = D.Sintel(tmp_path, transforms=lambda a, b, flow, mask: (a, b, -flow, flow[0] > 2))
    assert len(flows[0]) == 4
    assert flows[0][2].max() <= 0
    assert len(2 * flows) == 4
    depth_layouts.stereo(tmp_path)
    pairs = D.CarlaStereo(tmp_path, transforms=lambda images, maps, masks: (images, maps, maps))
    assert len(pairs[0]) == 4


def test_packages_that_are_not_there_are_named(tmp_path: Path) -> None:
    if importlib.util.find_spec("h5py") is None:
        with pytest.raises(RuntimeError, match="h5py is not found"):
            D.PCAM(tmp_path)
    if importlib.util.find_spec("lmdb") is None:
        with pytest.raises(ModuleNotFoundError, match="lmdb"):
            D.LSUN(tmp_path)
    with pytest.raises(ValueError, match="Unknown value 'church' for LSUN class"):
        D.LSUN(tmp_path, ["church_train"])


def test_pcam_through_h5py(tmp_path: Path, monkeypatch) -> None:
    """Against a stand-in for the package, which is not installed here."""

    class File(dict):
        def __init__(self, path: Path) -> None:
            images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
            super().__init__(x=images, y=np.array([1, 0], np.uint8).reshape(2, 1, 1, 1))

        def __enter__(self):
            return self

        def __exit__(self, *details: object) -> None: ...

    monkeypatch.setitem(sys.modules, "h5py", SimpleNamespace(File=File))
    with pytest.raises(RuntimeError, match="Dataset not found"):
        D.PCAM(tmp_path, "val")
    with pytest.raises(NotImplementedError, match="Google Drive"):
        D.PCAM(tmp_path, "val", download=True)
    for part in "xy":
        layouts.text(tmp_path / "pcam" / f"camelyonpatch_level_2_split_valid_{part}.h5", "")
    data = D.PCAM(tmp_path, "val", target_transform=str)
    assert len(data) == 2
    assert [(image.mode, image.size, label) for image, label in (data[0], data[1])] == [
        ("RGB", (4, 4), "1"),
        ("RGB", (4, 4), "0"),
    ]
