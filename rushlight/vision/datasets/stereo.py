"""Two cameras and how far apart they see each pixel (disparity)."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.choices import chosen, one_or_both
from rushlight.vision.datasets.flow_files import read_pfm
from rushlight.vision.datasets.folder import pil_loader
from rushlight.vision.datasets.vision import VisionDataset
from rushlight.vision.pillow import open_image

Transforms = Callable[[Any, Any, Any], Any]
Pair = tuple[str | None, str | None]
SCENES = {
    "train": "Adirondack Jadeplant Motorcycle Piano Pipes Playroom Playtable Recycle Shelves "
    "Vintage",
    "additional": "Backpack Bicycle1 Cable Classroom1 Couch Flowers Mask Shopvac Sticks Storage "
    "Sword1 Sword2 Umbrella",
    "test": "Plants Classroom2E Classroom2 Australia DjembeL CrusadeP Crusade Hoops Bicycle2 "
    "Staircase Newkuba AustraliaP Djembe Livingroom Computer",
}


def _found(base: Path, pattern: str) -> list[str]:
    paths = sorted(str(each) for each in base.glob(pattern))
    if not paths:
        raise FileNotFoundError(f"Could not find any files matching the patterns: {base / pattern}")
    return paths


def _pairs(base: Path, left: str, right: str | None = None) -> list[Pair]:
    """The files of either camera, in order; of one only: (path, None)."""
    of_left = _found(base, left)
    of_right: list[Any] = [None] * len(of_left) if right is None else _found(base, right)
    if len(of_left) != len(of_right):
        raise ValueError(
            f"Found {len(of_left)} left files but {len(of_right)} right files using:\n "
            f"left pattern: {base / left}\nright pattern: {base / str(right)}\n"
        )
    return list(zip(of_left, of_right, strict=True))


def _plane(path: str, divisor: float) -> Array:
    """(1, H, W): a grey image over a number."""
    return np.asarray(open_image(path), dtype=np.float32)[None] / np.float32(divisor)


class StereoMatchingDataset(VisionDataset):
    """(left image, right image, disparity of the left (1, H, W)), and a mask where one is known.

    ``transforms`` takes and gives (images, disparities, masks), each a pair.
    """

    _has_built_in_disparity_mask = False

    def __init__(self, root: str | Path, transforms: Transforms | None = None) -> None:
        super().__init__(root)
        self.transforms: Any = transforms
        self._images: list[Pair] = []
        self._disparities: list[Pair] = []

    def _read_img(self, file_path: Any) -> Any:
        return pil_loader(file_path)

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        return np.abs(read_pfm(file_path, 1)), None

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        images: Any = tuple(self._read_img(path) for path in self._images[index])
        maps, masks = zip(
            *(
                (None, None) if path is None else self._read_disparity(path)
                for path in self._disparities[index]
            ),
            strict=True,
        )
        if self.transforms is not None:
            images, maps, masks = self.transforms(images, maps, masks)
        if self._has_built_in_disparity_mask or masks[0] is not None:
            return images[0], images[1], maps[0], masks[0]
        return images[0], images[1], maps[0]

    def __len__(self) -> int:
        return len(self._images)


class CarlaStereo(StereoMatchingDataset):
    """``root/carla-highres/trainingF/SCENE``: im0.png, im1.png, disp0GT.pfm, disp1GT.pfm."""

    def __init__(self, root: str | Path, transforms: Transforms | None = None) -> None:
        super().__init__(root, transforms)
        base = Path(root) / "carla-highres" / "trainingF"
        self._images = _pairs(base, "*/im0.png", "*/im1.png")
        self._disparities = _pairs(base, "*/disp0GT.pfm", "*/disp1GT.pfm")


class _Kitti(StereoMatchingDataset):
    _has_built_in_disparity_mask = True
    _folder: str
    _cameras: tuple[str, str]
    _maps: tuple[str, str | None]

    def __init__(
        self, root: str | Path, split: str = "train", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        base = Path(root) / self._folder / (chosen(split, "split", ("train", "test")) + "ing")
        self._images = _pairs(base, *self._cameras)
        self._disparities = [(None, None)] * len(self)
        if split == "train":
            self._disparities = _pairs(base, *self._maps)

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        return np.asarray(open_image(file_path))[None] / 256.0, None


class Kitti2012Stereo(_Kitti):
    """``root/Kitti2012/training``: colored_0, colored_1, disp_noc; ``testing`` without the last."""

    _folder = "Kitti2012"
    _cameras = ("colored_0/*_10.png", "colored_1/*_10.png")
    _maps = ("disp_noc/*.png", None)


class Kitti2015Stereo(_Kitti):
    """``root/Kitti2015/training``: image_2, image_3, disp_occ_0, disp_occ_1."""

    _folder = "Kitti2015"
    _cameras = ("image_2/*.png", "image_3/*.png")
    _maps = ("disp_occ_0/*.png", "disp_occ_1/*.png")


class Middlebury2014Stereo(StereoMatchingDataset):
    """``root/Middlebury2014/SPLIT/SCENE-perfect`` (``-imperfect``): im0.png, disp0.pfm, ...

    ``use_ambient_views`` draws the right image, by ``random``, among those of other lights.
    """

    splits: ClassVar[dict[str, list[str]]] = {part: names.split() for part, names in SCENES.items()}
    _has_built_in_disparity_mask = True

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        calibration: str | None = "perfect",
        use_ambient_views: bool = False,
        transforms: Transforms | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transforms)
        self.split = chosen(split, "split", ("train", "test", "additional"))
        kinds: tuple[str, ...] = ("",)
        if calibration:
            kinds = one_or_both(calibration, "calibration", "perfect", "imperfect")
            if split == "test":
                raise ValueError(
                    "Split 'test' has only no calibration settings, please set `calibration=None`."
                )
        elif split != "test":
            raise ValueError(
                f"Split '{split}' has calibration settings, however None was provided as an "
                "argument. Available calibration settings are: 'perfect', 'imperfect', 'both'."
            )
        base = Path(root) / "Middlebury2014"
        if download:
            self._download(base)
        folder = base / split
        if not folder.exists():
            raise FileNotFoundError(
                f"The {split} directory was not found in the provided root directory"
            )
        if not any(each.name.startswith(tuple(self.splits[split])) for each in folder.iterdir()):
            raise FileNotFoundError(
                f"Provided root folder does not contain any scenes from the {split} split."
            )
        for scene in (f"*-{each}" if each else "*" for each in kinds):
            self._images += _pairs(folder, f"{scene}/im0.png", f"{scene}/im1.png")
            if split != "test":
                self._disparities += _pairs(folder, f"{scene}/disp0.pfm", f"{scene}/disp1.pfm")
        if split == "test":
            self._disparities = [(None, None)] * len(self)
        self.use_ambient_views = use_ambient_views

    def _read_img(self, file_path: Any) -> Any:
        path = Path(file_path)
        if path.name == "im1.png" and self.use_ambient_views:
            others = [path.with_name(name) for name in ("im1E.png", "im1L.png")]
            path = random.choice([*(each for each in others if each.exists()), path])
        return super()._read_img(path)

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        known = np.abs(read_pfm(file_path, 1))
        known[known == np.inf] = 0
        return known, (known > 0).squeeze(0)

    def _download(self, base: Path) -> None:
        host = "https://vision.middlebury.edu/stereo"
        folder = base / self.split
        if self.split != "test":
            for name in self.splits[self.split]:
                for scene in (f"{name}-perfect", f"{name}-imperfect"):
                    if not (folder / scene).exists():
                        url = f"{host}/data/scenes2014/zip/{scene}.zip"
                        download_and_extract_archive(url, folder, remove_finished=True)
        elif not all((folder / name).exists() for name in self.splits["test"]):
            url = f"{host}/submit3/zip/MiddEval3-data-F.zip"
            download_and_extract_archive(url, base, remove_finished=True)
            folder.mkdir(exist_ok=True)
            for scene in (base / "MiddEval3" / "testF").iterdir():
                shutil.move(scene, folder)
            shutil.rmtree(base / "MiddEval3")


class CREStereo(StereoMatchingDataset):
    """``root/CREStereo``: shapenet, reflective, tree, hole, each ``*_left.jpg``, ``*.disp.png``."""

    _has_built_in_disparity_mask = True

    def __init__(self, root: str | Path, transforms: Transforms | None = None) -> None:
        super().__init__(root, transforms)
        for each in ("shapenet", "reflective", "tree", "hole"):
            base = Path(root) / "CREStereo" / each
            self._images += _pairs(base, "*_left.jpg", "*_right.jpg")
            self._disparities += _pairs(base, "*_left.disp.png", "*_right.disp.png")

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        return _plane(file_path, 32.0), None


class FallingThingsStereo(StereoMatchingDataset):
    """``root/FallingThings/single/OBJECT/SCENE`` and ``mixed/SCENE``; depth becomes disparity."""

    BASELINE, PIXEL = 6, 100

    def __init__(
        self, root: str | Path, variant: str = "single", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        for each in one_or_both(variant, "variant", "single", "mixed"):
            base = Path(root) / "FallingThings" / each
            scene = "*/*" if each == "single" else "*"
            self._images += _pairs(base, f"{scene}/*.left.jpg", f"{scene}/*.right.jpg")
            self._disparities += _pairs(
                base, f"{scene}/*.left.depth.png", f"{scene}/*.right.depth.png"
            )

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        about = json.loads(Path(file_path).with_name("_camera_settings.json").read_text())
        focal = about["camera_settings"][0]["intrinsic_settings"]["fx"]
        depth = np.asarray(open_image(file_path)).astype(np.float32)
        return (self.BASELINE * focal * self.PIXEL / depth)[None], None


class SceneFlowStereo(StereoMatchingDataset):
    """``root/SceneFlow/FlyingThings3D`` (Driving, Monkaa): frames_cleanpass, disparity, ..."""

    def __init__(
        self,
        root: str | Path,
        variant: str = "FlyingThings3D",
        pass_name: str = "clean",
        transforms: Transforms | None = None,
    ) -> None:
        super().__init__(root, transforms)
        chosen(variant, "variant", ("FlyingThings3D", "Driving", "Monkaa"))
        base = Path(root) / "SceneFlow" / variant
        scene = "*" if variant == "Monkaa" else "*/*/*"
        for each in one_or_both(pass_name, "pass_name", "clean", "final"):
            frames = base / f"frames_{each}pass"
            self._images += _pairs(frames, f"{scene}/left/*.png", f"{scene}/right/*.png")
            self._disparities += _pairs(
                base / "disparity", f"{scene}/left/*.pfm", f"{scene}/right/*.pfm"
            )


class SintelStereo(StereoMatchingDataset):
    """``root/Sintel/training``: final_left, disparities, occlusions, outofframe, by scene."""

    _has_built_in_disparity_mask = True

    def __init__(
        self, root: str | Path, pass_name: str = "final", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        base = Path(root) / "Sintel" / "training"
        for each in one_or_both(pass_name, "pass_name", "final", "clean"):
            self._images += _pairs(base, f"{each}_left/*/*.png", f"{each}_right/*/*.png")
            self._disparities += _pairs(base, "disparities/*/*.png")

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        colours = np.asarray(open_image(file_path), dtype=np.float32)
        red, green, blue = np.split(colours, 3, axis=-1)
        disparity = (red * 4 + green / 2**6 + blue / 2**14).transpose(2, 0, 1)
        path = Path(file_path)
        seen: Array = np.ones(disparity.shape[1:], bool)
        for kind, name in (("outofframe", "Out of frame"), ("occlusions", "Occlusion")):
            mask = path.parents[2] / kind / path.parent.name / path.name
            if not mask.exists():
                raise FileNotFoundError(f"{name} mask {mask} does not exist")
            seen &= np.asarray(open_image(mask)) == 0
        return disparity, seen


class InStereo2k(StereoMatchingDataset):
    """``root/InStereo2k/train/SCENE``: left.png, right.png, left_disp.png, right_disp.png."""

    def __init__(
        self, root: str | Path, split: str = "train", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        base = Path(root) / "InStereo2k" / chosen(split, "split", ("train", "test"))
        self._images = _pairs(base, "*/left.png", "*/right.png")
        self._disparities = _pairs(base, "*/left_disp.png", "*/right_disp.png")

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        return _plane(file_path, 1024.0), None


class ETH3DStereo(StereoMatchingDataset):
    """``root/ETH3D/two_view_training`` (im0.png), ``two_view_training_gt``, ``two_view_test``."""

    _has_built_in_disparity_mask = True

    def __init__(
        self, root: str | Path, split: str = "train", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        chosen(split, "split", ("train", "test"))
        base = Path(root) / "ETH3D"
        folder = base / ("two_view_training" if split == "train" else "two_view_test")
        self._images = _pairs(folder, "*/im0.png", "*/im1.png")
        self._disparities = [(None, None)] * len(self)
        if split == "train":
            self._disparities = _pairs(base, "two_view_training_gt/*/disp0GT.pfm")

    def _read_disparity(self, file_path: str) -> tuple[Any, Any]:
        mask = np.asarray(open_image(Path(file_path).with_name("mask0nocc.png")))
        return np.abs(read_pfm(file_path, 1)), mask.astype(bool)
