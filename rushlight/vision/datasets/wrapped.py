"""Data sets as transforms.v2 wants their targets: boxes, masks and films of their own kinds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rushlight.tensor import Tensor, stack, tensor
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.datasets.caltech import Caltech101, Caltech256
from rushlight.vision.datasets.celeba import CelebA
from rushlight.vision.datasets.cityscapes import Cityscapes
from rushlight.vision.datasets.coco import CocoCaptions, CocoDetection
from rushlight.vision.datasets.fakedata import FakeData
from rushlight.vision.datasets.fer2013 import FER2013
from rushlight.vision.datasets.films import HMDB51, UCF101, Kinetics
from rushlight.vision.datasets.folder import DatasetFolder
from rushlight.vision.datasets.gtsrb import GTSRB
from rushlight.vision.datasets.kitti import Kitti
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.oxford_iiit_pet import OxfordIIITPet
from rushlight.vision.datasets.pcam import PCAM
from rushlight.vision.datasets.places365 import Places365
from rushlight.vision.datasets.sbd import SBDataset
from rushlight.vision.datasets.vision import PixelDataset, VisionDataset
from rushlight.vision.datasets.voc import VOCDetection, VOCSegmentation
from rushlight.vision.datasets.widerface import WIDERFace
from rushlight.vision.transforms.convert import pil_to_tensor
from rushlight.vision.transforms.operations import get_dimensions
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, Mask, Video

Keys = Collection[str] | str | None
# (data set, keys to keep, place, sample) -> sample
Wrapper = Callable[[Any, Keys, int, Any], Any]

# A class for each image: nothing to do.
LABELLED = (
    Caltech256, CocoCaptions, DatasetFolder, FakeData, FER2013, GTSRB, ListedImages, PCAM,
    PixelDataset, Places365,
)  # fmt: skip
WITH_KEYS = (CocoDetection, VOCDetection, Kitti, WIDERFace)
VOC_CLASSES = (
    "__background__", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat",
    "chair", "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep",
    "sofa", "train", "tvmonitor",
)  # fmt: skip
KITTI_CLASSES = (
    "Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc", "DontCare",
)  # fmt: skip
TRANSFORMS = ("transform", "target_transform", "transforms")
PARTS = 1000  # Cityscapes counts the things of a class in this many numbers


def _boxes(values: Any, image: Any, form: str = "XYXY") -> BoundingBoxes:
    """(N, 4) corners."""
    size = tuple(get_dimensions(image)[1:])
    boxes: Any = BoundingBoxes(values, format=form, canvas_size=size)  # type: ignore[arg-type]
    if form == "XYXY":
        return boxes  # type: ignore[no-any-return]
    x, y, width, height = Tensor.detach(boxes).unbind(-1)
    corners = stack([x, y, x + width, y + height], dim=-1)
    return BoundingBoxes(corners, format=BoundingBoxFormat.XYXY, canvas_size=size)


def _lists(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """[{name: value}, ...] as {name: [value, ...]}; a name that a row lacks is None there."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _kept(target: dict[str, Any], keys: Keys, usual: set[str]) -> dict[str, Any]:
    if keys == "all":
        return target
    wanted = usual if keys is None else set(keys)
    missing = wanted - target.keys()
    if missing:
        raise ValueError(f"target_keys {sorted(missing)} are not among {sorted(target)}")
    return {name: value for name, value in target.items() if name in wanted}


def _several(kinds: Sequence[str], target: Any, change: Callable[[str, Any], Any]) -> Any:
    """``change`` of each kind of target; one alone stands without a tuple."""
    if target is None or len(kinds) == 1:
        return None if target is None else change(kinds[0], target)
    return tuple(change(kind, each) for kind, each in zip(kinds, target, strict=True))


def _unchanged(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    return sample


def _caltech(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    if "annotation" in data.target_type:
        raise NotImplementedError("wrap_dataset_for_transforms_v2: outlines of Caltech101")
    return sample


def _outlined(entry: Any, size: tuple[int, int]) -> Tensor:
    """COCO's polygons or runs as a mask (H, W)."""
    try:
        from pycocotools import mask as coco_masks
    except ImportError as error:
        raise ImportError(
            "COCO's masks need pycocotools, which is not installed: pip install pycocotools"
        ) from error
    if isinstance(entry, dict):
        counted = isinstance(entry["counts"], list)
        runs = coco_masks.frPyObjects(entry, *size) if counted else entry
    else:
        runs = coco_masks.merge(coco_masks.frPyObjects(entry, *size))
    return wrap_array(coco_masks.decode(runs).copy())


def _coco(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, things = sample
    number = data.ids[place]
    if not things:
        return image, {"image_id": number}
    target: dict[str, Any] = _lists(things)
    target["image_id"] = number
    target["boxes"] = _boxes(target["bbox"], image, "XYWH")
    target["labels"] = tensor(target["category_id"])
    if keys is not None and (keys == "all" or "masks" in keys):
        _, height, width = get_dimensions(image)
        masks = [_outlined(each, (height, width)) for each in target["segmentation"]]
        target["masks"] = Mask(stack(masks))
    return image, _kept(target, keys, {"image_id", "boxes", "labels"})


def _voc(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, target = sample
    things = target["annotation"]["object"]
    corners = [[int(each["bndbox"][name]) for name in ("xmin", "ymin", "xmax", "ymax")]
               for each in things]  # fmt: skip
    labels = tensor([VOC_CLASSES.index(each["name"]) for each in things])
    full = {**target, "boxes": _boxes(corners, image), "labels": labels}
    return image, _kept(full, keys, {"boxes", "labels"})


def _kitti(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, things = sample
    if things is None:
        return image, None
    target: dict[str, Any] = _lists(things)
    target["boxes"] = _boxes(target["bbox"], image)
    target["labels"] = tensor([KITTI_CLASSES.index(name) for name in target["type"]])
    return image, _kept(target, keys, {"boxes", "labels"})


def _wider_face(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, target = sample
    if target is None:
        return image, None
    full = {**target, "bbox": _boxes(target["bbox"], image, "XYWH")}
    return image, _kept(full, keys, {*full})


def _celeba(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, target = sample

    def change(kind: str, value: Any) -> Any:
        return _boxes(value, image, "XYWH") if kind == "bbox" else value

    return image, _several(data.target_type, target, change)


def _pets(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, target = sample

    def change(kind: str, value: Any) -> Any:
        return Mask(pil_to_tensor(value)) if kind == "segmentation" else value

    return image, _several(data._target_types, target, change)


def _things(picture: Any) -> dict[str, Any]:
    """A mask and a class of everything in a picture of Cityscapes' instances."""
    numbers: Any = pil_to_tensor(picture)  # (1, H, W)
    found = numbers.unique()
    masks = stack([numbers == each for each in found])
    labels = tensor([n // PARTS if n >= PARTS else n for n in found.tolist()], dtype=found.dtype)
    return {"masks": Mask(masks), "labels": labels}


def _cityscapes(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, target = sample
    if {"polygon", "color"} & {*data.target_type}:
        raise NotImplementedError(
            "wrap_dataset_for_transforms_v2: polygons and colours of Cityscapes"
        )

    def change(kind: str, value: Any) -> Any:
        return _things(value) if kind == "instance" else Mask(pil_to_tensor(value))

    return image, _several(data.target_type, target, change)


def _segments(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    image, mask = sample
    if getattr(data, "mode", "") == "boundaries":
        raise NotImplementedError("wrap_dataset_for_transforms_v2: boundaries of SBDataset")
    return image, Mask(pil_to_tensor(mask))


def _film(data: Any, keys: Keys, place: int, sample: Any) -> Any:
    pictures, sound, label = sample
    if data.video_clips.output_format == "THWC":
        raise NotImplementedError("wrap_dataset_for_transforms_v2: output_format='THWC'")
    return Video(pictures), sound, label


WRAPPERS: dict[type, Wrapper] = {
    **dict.fromkeys(LABELLED, _unchanged),
    Caltech101: _caltech, CelebA: _celeba, Cityscapes: _cityscapes, CocoDetection: _coco,
    HMDB51: _film, Kinetics: _film, Kitti: _kitti, OxfordIIITPet: _pets, SBDataset: _segments,
    UCF101: _film, VOCDetection: _voc, VOCSegmentation: _segments, WIDERFace: _wider_face,
}  # fmt: skip


class _Wrapped:
    """A data set whose samples are changed before its transforms see them."""

    def __init__(self, dataset: Any, target_keys: Keys) -> None:
        kinds = type(dataset).__mro__
        wrapper = next((WRAPPERS[kind] for kind in kinds if kind in WRAPPERS), None)
        if wrapper is None:
            raise TypeError(f"No wrapper exists for dataset class {type(dataset).__name__}.")
        self._dataset, self._target_keys, self._wrapper = dataset, target_keys, wrapper
        for name in TRANSFORMS:
            setattr(self, name, getattr(dataset, name))
            setattr(dataset, name, None)

    def __getattr__(self, name: str) -> Any:
        if name == "_dataset":  # not there yet: while a copy is made
            raise AttributeError(name)
        return getattr(self._dataset, name)

    def __getitem__(self, index: int) -> Any:
        sample = self._dataset[index]
        sample = self._wrapper(self._dataset, self._target_keys, index, sample)
        transforms = self.transforms
        if transforms is None and self.transform is not None:  # films know no other
            return (self.transform(sample[0]), *sample[1:])
        return sample if transforms is None else transforms(*sample)

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self[index] for index in indices]

    def __len__(self) -> int:
        return len(self._dataset)

    def __reduce__(self) -> Any:
        own = {name: getattr(self, name) for name in TRANSFORMS}
        return _again, (self._dataset, self._target_keys, own)


def _again(dataset: Any, target_keys: Keys, state: dict[str, Any]) -> Any:
    made = wrap_dataset_for_transforms_v2(dataset, target_keys)
    vars(made).update(state)
    return made


def wrap_dataset_for_transforms_v2(dataset: Any, target_keys: Keys = None) -> Any:
    """The data set with boxes, masks and films as tv_tensors, and its transforms after that.

    Detection: {"boxes" (corners), "labels"} of CocoDetection ("image_id" too), VOCDetection and
    Kitti, all with "bbox" as corners of WIDERFace; ``target_keys`` chooses others, or "all".
    Segmentation: a mask. Films (in TCHW): a Video. Data sets of one class an image are as they
    were. The result is an instance of the data set's class too. Raises TypeError for others.
    """
    named = isinstance(target_keys, Collection) and all(isinstance(k, str) for k in target_keys)
    if not (target_keys is None or target_keys == "all" or (named and target_keys != "")):
        raise ValueError(
            "`target_keys` can be None, 'all', or a collection of strings denoting the keys to be "
            f"returned, but got {target_keys}"
        )
    kind = type(dataset)
    if not isinstance(dataset, VisionDataset):
        raise TypeError(
            "This wrapper is meant for subclasses of `torchvision.datasets.VisionDataset`, but got "
            f"a '{kind.__name__}' instead."
        )
    if target_keys not in (None, "all") and not isinstance(dataset, WITH_KEYS):
        names = ", ".join(f"`{each.__name__}`" for each in WITH_KEYS)
        raise ValueError(f"`target_keys` is only for {names}, but got {kind.__name__}.")
    return type(f"Wrapped{kind.__name__}", (_Wrapped, kind), {})(dataset, target_keys)
