"""Data sets wrapped for transforms.v2, beside what torchvision 0.28 gives for the same files."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from rushlight.vision import datasets, tv_tensors
from rushlight.vision.transforms import v2

pytest.importorskip("PIL.Image")
from tests.vision import layouts, scene_layouts

wrapped = datasets.wrap_dataset_for_transforms_v2


def test_boxes_of_voc(tmp_path: Path) -> None:
    layouts.voc(tmp_path)
    corners = {"xmin": 1, "ymin": 2, "xmax": 7, "ymax": 9}
    box = "".join(f"<{name}>{value}</{name}>" for name, value in corners.items())
    things = "".join(
        f"<object><name>{name}</name><bndbox>{box}</bndbox></object>" for name in ("cat", "sheep")
    )
    for file in tmp_path.rglob("*.xml"):
        file.write_text(f"<annotation>{things}</annotation>")
    made = wrapped(datasets.VOCDetection(tmp_path, "2007", "test"))
    assert isinstance(made, datasets.VOCDetection) and type(made).__name__ == "WrappedVOCDetection"
    image, target = made[0]
    boxes = target["boxes"]
    assert boxes.tolist() == [[1, 2, 7, 9]] * 2 and set(target) == {"boxes", "labels"}
    assert boxes.canvas_size == (image.height, image.width)
    assert target["labels"].tolist() == [8, 17]
    again = pickle.loads(pickle.dumps(made))
    assert again[0][1]["boxes"].tolist() == boxes.tolist()


def test_transforms_come_after(tmp_path: Path) -> None:
    scene_layouts.kitti(tmp_path)
    change = v2.Compose([v2.ToImage(), v2.RandomHorizontalFlip(1.0)])
    made = wrapped(datasets.Kitti(tmp_path, transforms=change), ["boxes", "type"])
    image, target = made[0]
    assert isinstance(image, tv_tensors.Image) and target["type"][0] == "Car"
    width = image.shape[-1]
    assert target["boxes"][0].tolist() == [width - 3.5, 2.0, width - 1.0, 4.0]


def test_masks_of_cityscapes_and_pets(tmp_path: Path) -> None:
    scene_layouts.cityscapes(tmp_path)
    data = datasets.Cityscapes(tmp_path, "train", target_type=["instance", "semantic"])
    things, classes = wrapped(data)[0][1]
    assert things["masks"].shape == (1, 1, 12, 11) and things["labels"].tolist() == [0]
    assert isinstance(classes, tv_tensors.Mask) and classes.shape == (1, 12, 11)
    with pytest.raises(NotImplementedError, match="polygons"):
        wrapped(datasets.Cityscapes(tmp_path, "train", target_type="polygon"))[0]
    layouts.pets(tmp_path)
    data = datasets.OxfordIIITPet(tmp_path, target_types=["category", "segmentation"])
    number, outline = wrapped(data)[0][1]
    assert isinstance(number, int) and isinstance(outline, tv_tensors.Mask)


def test_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts.celeba(tmp_path)
    monkeypatch.setattr(datasets.CelebA, "_check_integrity", lambda self: True)
    data = datasets.CelebA(tmp_path, "all", target_type=["bbox", "identity"])
    x, y, width, height = data[1][1][0].tolist()
    corners, number = wrapped(data)[1][1]
    assert corners.tolist() == [[x, y, x + width, y + height]] and int(number) == 101
    scene_layouts.widerface(tmp_path)
    made = wrapped(datasets.WIDERFace(tmp_path))[0][1]
    assert made["bbox"].tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]] and "blur" in made


def test_things_of_coco(tmp_path: Path) -> None:
    layouts.coco(tmp_path)
    made = wrapped(datasets.CocoDetection(str(tmp_path), str(tmp_path / "notes.json")))
    assert made[0][1] == {"image_id": 4}
    target = made[1][1]
    assert target["boxes"].tolist() == [[1, 2, 4, 6], [0, 0, 1, 1]] and target["image_id"] == 9
    assert target["labels"].tolist() == [2, 2] and len(target) == 3
    notes = json.loads((tmp_path / "notes.json").read_text())
    captions = datasets.CocoCaptions(str(tmp_path), str(tmp_path / "notes.json"))
    assert wrapped(captions)[1][1] == [each["caption"] for each in notes["annotations"]]


def test_what_is_not_wrapped(tmp_path: Path) -> None:
    plain = wrapped(datasets.FakeData(3, (3, 4, 4)))
    assert plain[1][1] == datasets.FakeData(3, (3, 4, 4))[1][1] and len(plain) == 3
    with pytest.raises(TypeError, match="No wrapper exists for dataset class PhotoTour"):
        wrapped(datasets.PhotoTour.__new__(datasets.PhotoTour))
    with pytest.raises(TypeError, match="got a 'list' instead"):
        wrapped([1, 2])
    with pytest.raises(ValueError, match="`target_keys` can be None"):
        wrapped(datasets.FakeData(3), [1])
    with pytest.raises(ValueError, match="only for `CocoDetection`"):
        wrapped(datasets.FakeData(3), ["boxes"])
    scene_layouts.kitti(tmp_path)
    with pytest.raises(ValueError, match=r"target_keys \['nope'\] are not among"):
        wrapped(datasets.Kitti(tmp_path), ["nope"])[0]
