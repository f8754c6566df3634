"""Data sets in their published layouts, tiny: each function fills a folder that it is given."""

from __future__ import annotations

import bz2
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from tests.vision.matlab_files import mat


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def image(path: Path, value: int = 0, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (10 + value, 12)).save(path)  # its width says which it is


def idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(array.dtype.newbyteorder(">")).tobytes())


def svhn(root: Path) -> None:
    mat(root / "train_32x32.mat", "SVHN")


def stl10(root: Path) -> None:
    folder = root / "stl10_binary"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, count in (("train", 4), ("test", 2), ("unlabeled", 3)):
        pixels = rng.integers(0, 256, count * 3 * 96 * 96, dtype=np.uint8)
        (folder / f"{name}_X.bin").write_bytes(pixels.tobytes())
        (folder / f"{name}_y.bin").write_bytes(bytes(range(1, count + 1)))
    text(
        folder / "fold_indices.txt",
        "\n".join(f"{each % 4} {(each + 1) % 4} " for each in range(10)),
    )
    text(folder / "class_names.txt", "airplane\nbird\n")


def usps(root: Path) -> None:
    rows = [
        f"{label} " + " ".join(f"{k + 1}:{(k % 5 - 2) / 2}" for k in range(256))
        for label in (1, 10)
    ]
    root.mkdir(exist_ok=True)
    (root / "usps.bz2").write_bytes(bz2.compress("\n".join(rows).encode()))


def semeion(root: Path) -> None:
    rows = []
    for label in (3, 0):
        answer = ["0"] * 10
        answer[label] = "1"
        rows.append(" ".join([f"{(k + label) % 2}.0000" for k in range(256)] + answer))
    text(root / "semeion.data", "\n".join(rows) + "\n")


def emnist(root: Path) -> None:
    rng = np.random.default_rng(0)
    raw = root / "EMNIST" / "raw"
    idx(
        raw / "emnist-letters-train-images-idx3-ubyte",
        rng.integers(0, 256, (5, 28, 28), dtype=np.uint8),
    )
    idx(raw / "emnist-letters-train-labels-idx1-ubyte", np.array([1, 5, 26, 2, 2], np.uint8))


def qmnist(root: Path) -> None:
    rng = np.random.default_rng(0)
    raw = root / "QMNIST" / "raw"
    idx(raw / "qmnist-test-images-idx3-ubyte", rng.integers(0, 256, (5, 28, 28), dtype=np.uint8))
    labels = np.arange(40, dtype=np.int32).reshape(5, 8)
    idx(raw / "qmnist-test-labels-idx2-int", labels)


def caltech101(root: Path) -> None:
    base = root / "caltech101"
    for place, name in enumerate(("BACKGROUND_Google", "Faces", "ant")):
        for number in (1, 2):
            image(
                base / "101_ObjectCategories" / name / f"image_{number:04d}.jpg", place * 2 + number
            )
    for name in ("Faces_2", "ant"):
        for number in (1, 2):
            mat(base / "Annotations" / name / f"annotation_{number:04d}.mat", "OUTLINE")


def caltech256(root: Path) -> None:
    base = root / "caltech256" / "256_ObjectCategories"
    for place, name in enumerate(("001.ak47", "002.american-flag")):
        for number in (1, 2, 3):
            image(base / name / f"{place + 1:03d}_{number:04d}.jpg", place * 3 + number)
        text(base / name / "RENAME2", "")


def flowers102(root: Path) -> None:
    base = root / "flowers-102"
    mat(base / "setid.mat", "SETID")
    mat(base / "imagelabels.mat", "LABELS")
    for number in range(1, 6):
        image(base / "jpg" / f"image_{number:05d}.jpg", number)


def pets(root: Path) -> None:
    base = root / "oxford-iiit-pet"
    lines = []
    for name, label, kind in (("great_pyrenees_2", 2, 2), ("Abyssinian_1", 1, 1)):
        image(base / "images" / f"{name}.jpg", label)
        image(base / "annotations" / "trimaps" / f"{name}.png", label, "L")
        lines.append(f"{name} {label} {kind} 1")
    text(base / "annotations" / "trainval.txt", "\n".join(lines) + "\n")


def food101(root: Path) -> None:
    base = root / "food-101"
    listed = {"waffles": ["waffles/7", "waffles/8"], "baklava": ["baklava/1"]}
    text(base / "meta" / "train.json", json.dumps(listed))
    for place, paths in enumerate(listed.values()):
        for path in paths:
            image(base / "images" / f"{path}.jpg", place)


def eurosat(root: Path) -> None:
    for place, name in enumerate(("Forest", "AnnualCrop")):
        image(root / "eurosat" / "2750" / name / f"{name}_1.jpg", place)


def country211(root: Path) -> None:
    for place, name in enumerate(("CH", "AD")):
        image(root / "country211" / "valid" / name / "1.jpg", place)


def gtsrb(root: Path) -> None:
    base = root / "gtsrb"
    for place, name in enumerate(("00000", "00001")):
        image(base / "GTSRB" / "Training" / name / "00000_00001.ppm", place)
        image(base / "GTSRB" / "Final_Test" / "Images" / f"{name}.ppm", place)
    table = "Filename;Width;Height;ClassId\n00000.ppm;10;12;16\n00001.ppm;10;12;1\n"
    text(base / "GT-final_test.csv", table)


def dtd(root: Path) -> None:
    base = root / "dtd" / "dtd"
    text(base / "labels" / "val2.txt", "zigzagged/zigzagged_1.jpg\nbanded/banded_1.jpg\n")
    image(base / "images" / "zigzagged" / "zigzagged_1.jpg", 1)
    image(base / "images" / "banded" / "banded_1.jpg", 2)


def aircraft(root: Path) -> None:
    base = root / "fgvc-aircraft-2013b" / "data"
    text(base / "families.txt", "A300\nBoeing 707\n")
    text(base / "images_family_test.txt", "0000002 Boeing 707\n0000001 A300\n")
    image(base / "images" / "0000001.jpg", 1)
    image(base / "images" / "0000002.jpg", 2)


def cars(root: Path) -> None:
    base = root / "stanford_cars"
    mat(base / "devkit" / "cars_train_annos.mat", "CARS")
    mat(base / "devkit" / "cars_meta.mat", "CARNAMES")
    image(base / "cars_train" / "00001.jpg", 1)
    image(base / "cars_train" / "00002.jpg", 2)


def sun397(root: Path) -> None:
    base = root / "SUN397"
    text(base / "ClassName.txt", "/a/abbey\n/a/apartment_building/outdoor\n")
    image(base / "a" / "apartment_building" / "outdoor" / "sun_aaa.jpg", 1)


def omniglot(root: Path) -> None:
    base = root / "omniglot-py"
    text(base / "images_evaluation.zip", "")
    for place, name in enumerate(("Tibetan/character02", "Angelic/character01")):
        image(base / "images_evaluation" / name / "0001_01.png", place, "L")
        image(base / "images_evaluation" / name / "0001_02.png", place + 5, "L")


def celeba(root: Path) -> None:
    base = root / "celeba"
    names = [f"{each:06d}.jpg" for each in (1, 2, 3)]
    for place, name in enumerate(names):
        image(base / "img_align_celeba" / name, place)
    splits = (0, 2, 0)
    text(
        base / "list_eval_partition.txt",
        "".join(f"{n} {s}\n" for n, s in zip(names, splits, strict=True)),
    )
    text(base / "identity_CelebA.txt", "".join(f"{n} {k + 100}\n" for k, n in enumerate(names)))
    head = "3\nimage_id x_1 y_1 width height\n"
    text(
        base / "list_bbox_celeba.txt",
        head + "".join(f"{n}    9  {k}  3   4\n" for k, n in enumerate(names)),
    )
    head = "3\nlefteye_x lefteye_y \n"
    text(
        base / "list_landmarks_align_celeba.txt",
        head + "".join(f"{n} 7 {k}\n" for k, n in enumerate(names)),
    )
    head = "3\nBald Smiling \n"
    text(base / "list_attr_celeba.txt", head + "".join(f"{n} -1  1\n" for n in names))


def lfw(root: Path) -> None:
    base = root / "lfw-py"
    text(base / "lfw-funneled.tgz", "")
    text(base / "lfw-names.txt", "Ann_A\t2\nBob_B\t1\n")
    text(base / "people.txt", "2\n1\nBob_B\t1\n1\nAnn_A\t2\n")
    text(base / "pairsDevTest.txt", "1\nAnn_A\t1\t2\nAnn_A\t1\tBob_B\t1\n")
    for place, name in enumerate(("Ann_A_0001", "Ann_A_0002", "Bob_B_0001")):
        image(base / "lfw_funneled" / name[:5] / f"{name}.jpg", place)


def places365(root: Path) -> None:
    text(root / "categories_places365.txt", "/a/abbey 0\n/z/zoo 1\n")
    text(root / "places365_val.txt", "Places365_val_1.jpg 1\nPlaces365_val_2.jpg 0\n")
    for place in (1, 2):
        image(root / "val_256" / f"Places365_val_{place}.jpg", place)


def voc(root: Path) -> None:
    base = root / "VOCdevkit" / "VOC2007"
    text(base / "ImageSets" / "Segmentation" / "test.txt", "000002\n")
    text(base / "ImageSets" / "Main" / "test.txt", "000002\n000001\n")
    image(base / "JPEGImages" / "000001.jpg", 1)
    image(base / "JPEGImages" / "000002.jpg", 2)
    image(base / "SegmentationClass" / "000002.png", 3, "L")
    one = "<object><name>cat</name><bndbox><xmin>1</xmin><ymax> 9 </ymax></bndbox></object>"
    for number, objects in (("000001", one), ("000002", one + one)):
        head = f"<annotation><filename>{number}.jpg</filename><owner><name>x</name></owner>"
        text(base / "Annotations" / f"{number}.xml", f"{head}{objects}</annotation>")


def coco(root: Path) -> None:
    images = [{"id": 9, "file_name": "b.jpg"}, {"id": 4, "file_name": "a.jpg"}]
    notes = [
        {"id": 1, "image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 2, "caption": "one"},
        {"id": 2, "image_id": 9, "bbox": [0, 0, 1, 1], "category_id": 2, "caption": "two"},
    ]
    content = {"images": images, "annotations": notes, "categories": [{"id": 2, "name": "cat"}]}
    text(root / "notes.json", json.dumps(content))
    image(root / "a.jpg", 1)
    image(root / "b.jpg", 2)


def fer2013(root: Path) -> None:
    pixels = " ".join(str(each % 256) for each in range(48 * 48))
    table = f"emotion,pixels,Usage\n3,{pixels},Training\n5,{pixels},PrivateTest\n"
    text(root / "fer2013" / "fer2013.csv", table)


def clevr(root: Path) -> None:
    base = root / "clevr" / "CLEVR_v1.0"
    scenes = [{"image_filename": f"{each}.png", "objects": [{}] * each} for each in (2, 1)]
    text(base / "scenes" / "CLEVR_val_scenes.json", json.dumps({"scenes": scenes}))
    for each in (2, 1):
        image(base / "images" / "val" / f"{each}.png", each)


def imagenette(root: Path) -> None:
    for place, name in enumerate(("n03888257", "n01440764")):
        image(root / "imagenette2-160" / "val" / name / f"{name}_1.JPEG", place)


def moving_mnist(root: Path) -> None:
    folder = root / "MovingMNIST"
    folder.mkdir(parents=True)
    frames = np.random.default_rng(0).integers(0, 256, (20, 3, 64, 64), dtype=np.uint8)
    np.save(folder / "mnist_test_seq.npy", frames)


def rendered_sst2(root: Path) -> None:
    for place, name in enumerate(("positive", "negative")):
        image(root / "rendered-sst2" / "valid" / name / "1.png", place)


# How each is opened: (layout, expression with D for the module and R for the root).
CASES = (
    (svhn, "D.SVHN(R)"),
    (stl10, "D.STL10(R, 'train+unlabeled', folds=3)"),
    (stl10, "D.STL10(R, 'test')"),
    (usps, "D.USPS(R)"),
    (semeion, "D.SEMEION(R, download=False)"),
    (emnist, "D.EMNIST(R, 'letters')"),
    (qmnist, "D.QMNIST(R, train=False)"),
    (qmnist, "D.QMNIST(R, 'test10k', compat=False)"),
    (caltech101, "D.Caltech101(R, ['category', 'annotation'])"),
    (caltech256, "D.Caltech256(R)"),
    (flowers102, "D.Flowers102(R)"),
    (flowers102, "D.Flowers102(R, 'val')"),
    (pets, "D.OxfordIIITPet(R, target_types=['category', 'binary-category'])"),
    (pets, "D.OxfordIIITPet(R, target_types='segmentation')"),
    (food101, "D.Food101(R)"),
    (eurosat, "D.EuroSAT(R)"),
    (country211, "D.Country211(R, 'valid')"),
    (gtsrb, "D.GTSRB(R)"),
    (gtsrb, "D.GTSRB(R, 'test')"),
    (dtd, "D.DTD(R, 'val', 2)"),
    (aircraft, "D.FGVCAircraft(R, 'test', 'family')"),
    (cars, "D.StanfordCars(R)"),
    (sun397, "D.SUN397(R)"),
    (omniglot, "D.Omniglot(R, background=False)"),
    (celeba, "D.CelebA(R, target_type=['attr', 'identity', 'bbox', 'landmarks'])"),
    (celeba, "D.CelebA(R, 'all', [])"),
    (lfw, "D.LFWPeople(R)"),
    (lfw, "D.LFWPairs(R, 'test')"),
    (places365, "D.Places365(R, 'val', small=True)"),
    (voc, "D.VOCSegmentation(R, '2007', 'test')"),
    (voc, "D.VOCDetection(R, '2007', 'test')"),
    (coco, "D.CocoDetection(R, R + '/notes.json')"),
    (coco, "D.CocoCaptions(R, R + '/notes.json')"),
    (fer2013, "D.FER2013(R, 'test')"),
    (clevr, "D.CLEVRClassification(R, 'val')"),
    (imagenette, "D.Imagenette(R, 'val', '160px')"),
    (moving_mnist, "D.MovingMNIST(R, 'test')"),
    (rendered_sst2, "D.RenderedSST2(R, 'val')"),
)


def plain(value: object) -> object:
    """Images, arrays and tensors in short; what holds others, part by part."""
    if isinstance(value, Image.Image):
        return ["image", value.mode, list(value.size)]
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, np.ndarray):
        return [value.dtype.name, list(value.shape), float(value.astype(np.float64).sum())]
    return value


def described(data: object, root: str) -> dict[str, object]:
    """All of a data set that users see."""
    names = ("classes", "class_to_idx", "targets", "labels", "wnids", "bin_classes", "attr_names")
    seen = {name: plain(getattr(data, name)) for name in names if hasattr(data, name)}
    items = [plain(data[place]) for place in range(len(data))]
    found = {"repr": repr(data), "items": items} | seen
    return json.loads(json.dumps(found).replace(root, "ROOT"))
