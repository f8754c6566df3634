"""PhotoTour: patches around the same points in many photographs (Winder and Brown, 2007)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.serialization import load, save
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

SIDE = 64
_BROWN = "http://matthewalunbrown.com/patchdata/"
_BALNT = "http://icvl.ee.ic.ac.uk/vbalnt/"
# Name: host, md5, mean, standard deviation, patches.
_ABOUT = {
    "notredame_harris": (_BROWN, "69f8c90f78e171349abdf0307afefe4d", 0.4854, 0.1864, 325295),
    "yosemite_harris": (_BROWN, "a73253d1c6fbd3ba2613c45065c00d46", 0.4844, 0.1818, 450912),
    "liberty_harris": (_BROWN, "c731fcfb3abb4091110d0ae8c7ba182c", 0.4437, 0.2019, 379587),
    "notredame": (_BALNT, "509eda8535847b8c0a90bbb210c83484", 0.4854, 0.1864, 468159),
    "yosemite": (_BALNT, "533b2e8eb7ede31be40abc317b2fd4f0", 0.4844, 0.1818, 633587),
    "liberty": (_BALNT, "fdd9152f138ea5ef2091746689176414", 0.4437, 0.2019, 450092),
}


def read_image_file(data_dir: str | Path, image_ext: str, n: int) -> Tensor:
    """(patches, 64, 64) uint8: the first ``n`` patches, row by row of each sheet."""
    sheets = []
    for path in sorted(each for each in Path(data_dir).iterdir() if each.name.endswith(image_ext)):
        pixels = np.asarray(open_image(path), dtype=np.uint8)
        rows, columns = (-(-size // SIDE) for size in pixels.shape)
        full = np.zeros((rows * SIDE, columns * SIDE), np.uint8)  # beyond the edge it is black
        full[: pixels.shape[0], : pixels.shape[1]] = pixels
        sheets.append(
            full.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE, SIDE)
        )
    return wrap(np.concatenate(sheets)[:n].copy())


def read_info_file(data_dir: str | Path, info_file: str) -> Tensor:
    """(patches,) int64: the point that each patch shows."""
    lines = (Path(data_dir) / info_file).read_text().splitlines()
    return wrap(np.array([int(line.split()[0]) for line in lines], np.int64))


def read_matches_files(data_dir: str | Path, matches_file: str) -> Tensor:
    """(pairs, 3) int64: two patches, and whether they show the same point."""
    rows = [line.split() for line in (Path(data_dir) / matches_file).read_text().splitlines()]
    return wrap(np.array([[int(row[0]), int(row[3]), row[1] == row[4]] for row in rows], np.int64))


class PhotoTour(VisionDataset):
    """Patches (64, 64) uint8 to train on; (patch, patch, whether the same point) to test with.

    Read once from the sheets in ``root/NAME`` and kept as ``root/NAME.pt``.
    """

    urls: ClassVar = {
        name: [f"{a[0]}{name}.zip", f"{name}.zip", a[1]] for name, a in _ABOUT.items()
    }
    means: ClassVar = {name: about[2] for name, about in _ABOUT.items()}
    stds: ClassVar = {name: about[3] for name, about in _ABOUT.items()}
    lens: ClassVar = {name: about[4] for name, about in _ABOUT.items()}
    image_ext = "bmp"
    info_file = "info.txt"
    matches_files = "m50_100000_100000_0.txt"

    def __init__(
        self,
        root: str | Path,
        name: str,
        train: bool = True,
        transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform)
        self.name = name
        self.data_dir = str(Path(self.root) / name)
        self.data_down = str(Path(self.root) / f"{name}.zip")
        self.data_file = str(Path(self.root) / f"{name}.pt")
        self.train = train
        self.mean, self.std = self.means[name], self.stds[name]
        if download:
            self.download()
        if not Path(self.data_file).exists():
            self.cache()
        self.data, self.labels, self.matches = load(self.data_file, weights_only=True)

    def __getitem__(self, index: int) -> Any:
        change = self.transform or (lambda patch: patch)
        if self.train:
            return change(self.data[index])
        first, second, same = self.matches[index]
        return change(self.data[first]), change(self.data[second]), same

    def __len__(self) -> int:
        return len(self.data if self.train else self.matches)

    def download(self) -> None:
        """The archive, unpacked into ``root/NAME``, unless it is there."""
        if Path(self.data_file).exists() or Path(self.data_dir).exists():
            return
        url, filename, md5 = self.urls[self.name]
        download_and_extract_archive(url, self.root, self.data_dir, filename, md5, True)

    def cache(self) -> None:
        """Read the sheets and write ``root/NAME.pt``."""
        patches = read_image_file(self.data_dir, self.image_ext, self.lens[self.name])
        labels = read_info_file(self.data_dir, self.info_file)
        save(
            (patches, labels, read_matches_files(self.data_dir, self.matches_files)), self.data_file
        )

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"
