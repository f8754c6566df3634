"""Pairs of frames and how each pixel moves between them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.utils.data.dataset import ConcatDataset
from rushlight.vision.datasets.choices import chosen, one_or_both
from rushlight.vision.datasets.flow_files import read_flo, read_flow_png, read_pfm
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.vision import VisionDataset

Transforms = Callable[[Any, Any, Any, Any], Any]
Loader = Callable[[str], Any]


def _listed(folder: Path, pattern: str) -> list[str]:
    return sorted(str(each) for each in folder.glob(pattern))


class FlowDataset(VisionDataset):
    """(first frame, second frame, flow (2, H, W) float32, or None where it is kept back).

    Data sets that know which vectors are valid add a mask (H, W). ``transforms`` takes and gives
    all four; a mask that it makes is added too.
    """

    _has_builtin_flow_mask = False

    def __init__(
        self,
        root: str | Path,
        transforms: Transforms | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root)
        self.transforms: Any = transforms
        self._flow_list: list[str] = []
        self._image_list: list[list[str]] = []
        self._loader = loader

    def _read_flow(self, file_name: str) -> Any:
        return read_flo(file_name)

    def _add_steps(self, images: list[str]) -> None:
        """Each image and the one after it."""
        self._image_list += [list(pair) for pair in pairwise(images)]

    def _require(self, found: object, name: str) -> None:
        if not found:
            raise FileNotFoundError(
                f"Could not find the {name}. Please make sure the directory structure is correct. "
                f"(under {self.root})"
            )

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        first, second = (self._loader(path) for path in self._image_list[index])
        flow: Any = self._read_flow(self._flow_list[index]) if self._flow_list else None
        mask = None
        if self._has_builtin_flow_mask and flow is not None:
            flow, mask = flow
        if self.transforms is not None:
            first, second, flow, mask = self.transforms(first, second, flow, mask)
        if self._has_builtin_flow_mask or mask is not None:
            return first, second, flow, mask
        return first, second, flow

    def __len__(self) -> int:
        return len(self._image_list)

    def __rmul__(self, v: int) -> ConcatDataset[Any]:
        return ConcatDataset([self] * v)


class _MaskedFlow(FlowDataset):
    """Flow in PNG files that say which vectors are valid."""

    _has_builtin_flow_mask = True

    def _read_flow(self, file_name: str) -> tuple[Array, Array]:
        return read_flow_png(file_name)


class Sintel(FlowDataset):
    """MPI Sintel: ``root/Sintel/training`` (clean, final, flow) and ``testing``, scene by scene."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        pass_name: str = "clean",
        transforms: Transforms | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        chosen(split, "split", ("train", "test"))
        base = Path(root) / "Sintel"
        for each in one_or_both(pass_name, "pass_name", "clean", "final"):
            frames = base / ("training" if split == "train" else split) / each
            for scene in frames.iterdir():
                self._add_steps(_listed(scene, "*.png"))
                if split == "train":
                    self._flow_list += _listed(base / "training/flow" / scene.name, "*.flo")


class KittiFlow(_MaskedFlow):
    """KITTI 2015: ``root/KittiFlow/training`` (image_2, flow_occ) and ``testing``; with a mask."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transforms: Transforms | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        base = Path(root) / "KittiFlow" / (chosen(split, "split", ("train", "test")) + "ing")
        first, second = (_listed(base / "image_2", f"*_{each}.png") for each in (10, 11))
        self._require(first and second, "Kitti flow images")
        self._image_list = [list(pair) for pair in zip(first, second, strict=False)]
        if split == "train":
            self._flow_list = _listed(base / "flow_occ", "*_10.png")


class FlyingChairs(FlowDataset):
    """Chairs before photographs: ``root/FlyingChairs/data`` and ``FlyingChairs_train_val.txt``."""

    def __init__(
        self, root: str | Path, split: str = "train", transforms: Transforms | None = None
    ) -> None:
        super().__init__(root, transforms)
        chosen(split, "split", ("train", "val"))
        base = Path(root) / "FlyingChairs"
        parts = base / "FlyingChairs_train_val.txt"
        if not parts.exists():
            raise FileNotFoundError(
                f"The {parts.name} file was not found - please download it from the dataset page "
                f"(to {parts})"
            )
        images, flows = _listed(base / "data", "*.ppm"), _listed(base / "data", "*.flo")
        part = np.loadtxt(parts, dtype=np.int32, ndmin=1)
        for place, flow in enumerate(flows):
            if part[place] == (1 if split == "train" else 2):
                self._flow_list.append(flow)
                self._image_list.append(images[2 * place : 2 * place + 2])


class FlyingThings3D(FlowDataset):
    """Rendered things: ``root/FlyingThings3D/frames_cleanpass`` (``_finalpass``, optical_flow).

    Each pair forwards and backwards in time.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        pass_name: str = "clean",
        camera: str = "left",
        transforms: Transforms | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        part = chosen(split, "split", ("train", "test")).upper()
        passes = one_or_both(pass_name, "pass_name", "clean", "final")
        cameras = one_or_both(camera, "camera", "left", "right")
        base = Path(root) / "FlyingThings3D"
        for each, side, direction in product(passes, cameras, ("into_future", "into_past")):
            frames = _listed(base / f"frames_{each}pass" / part, "*/*")
            motions = _listed(base / "optical_flow" / part, "*/*")
            self._require(frames and motions, "FlyingThings3D flow images")
            for frame, motion in zip(frames, motions, strict=False):
                images = _listed(Path(frame) / side, "*.png")
                flows = _listed(Path(motion) / direction / side, "*.pfm")
                for at in range(len(flows) - 1):
                    pair = [images[at], images[at + 1]]
                    back = direction == "into_past"
                    self._image_list.append(pair[::-1] if back else pair)
                    self._flow_list.append(flows[at + back])

    def _read_flow(self, file_name: str) -> Array:
        return read_pfm(file_name)


class HD1K(_MaskedFlow):
    """Streets at noon: ``root/hd1k/hd1k_input``, ``hd1k_flow_gt``, ``hd1k_challenge``; masked."""

    _SEQUENCES = 36

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transforms: Transforms | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        chosen(split, "split", ("train", "test"))
        base = Path(root) / "hd1k"
        if split == "train":
            for sequence in range(self._SEQUENCES):  # no pair reaches into the next
                pattern = f"{sequence:06d}_*.png"
                flows = _listed(base / "hd1k_flow_gt/flow_occ", pattern)
                self._flow_list += flows[:-1]
                self._add_steps(_listed(base / "hd1k_input/image_2", pattern)[: len(flows)])
        else:
            folder = base / "hd1k_challenge/image_2"
            pairs = zip(_listed(folder, "*10.png"), _listed(folder, "*11.png"), strict=False)
            self._image_list = [list(pair) for pair in pairs]
        self._require(self._image_list, "HD1K images")
