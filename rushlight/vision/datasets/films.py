"""Data sets of films: UCF101, HMDB51 and Kinetics, a folder a class (PyAV reads the films)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rushlight.tensor import Tensor
from rushlight.utils.download import download_and_extract_archive, download_url
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import find_classes, make_dataset
from rushlight.vision.datasets.video_utils import VideoClips
from rushlight.vision.datasets.vision import Function, VisionDataset

KINETICS = "https://s3.amazonaws.com/kinetics"
FOLDERS = {"400": ("400", "k400"), "600": ("600", "k600"), "700": ("700_2020", "k700_2020")}


class _Films(VisionDataset):
    """(pictures, sound, class) of each clip."""

    video_clips: VideoClips
    samples: list[tuple[str, int]]
    indices: Sequence[int]  # of the samples, those of the films in video_clips
    full_video_clips: VideoClips

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about all films, for ``_precomputed_metadata``."""
        return self.full_video_clips.metadata

    def _list(self, folder: str | Path, extensions: Sequence[str]) -> list[str]:
        self.classes, class_to_idx = find_classes(folder)
        self.samples = make_dataset(folder, class_to_idx, tuple(extensions))
        return [path for path, _ in self.samples]

    def __len__(self) -> int:
        return self.video_clips.num_clips()

    def __getitem__(self, idx: int) -> tuple[Any, Tensor, int]:
        pictures, sound, _, film = self.video_clips.get_clip(idx)
        label = self.samples[self.indices[film]][1]
        return pictures if self.transform is None else self.transform(pictures), sound, label


class _Folds(_Films):
    """Films divided into training and test set three times, by lists of names."""

    def __init__(
        self,
        root: str | Path,
        annotation_path: str,
        frames_per_clip: int,
        step_between_clips: int = 1,
        frame_rate: int | None = None,
        fold: int = 1,
        train: bool = True,
        transform: Function | None = None,
        _precomputed_metadata: dict[str, Any] | None = None,
        num_workers: int = 1,
        _video_width: int = 0,
        _video_height: int = 0,
        _video_min_dimension: int = 0,
        _audio_samples: int = 0,
        output_format: str = "THWC",
    ) -> None:
        super().__init__(root)
        if fold not in (1, 2, 3):
            raise ValueError(f"fold should be between 1 and 3, got {fold}")
        self.fold, self.train, self.transform = fold, train, transform
        paths = self._list(self.root, ("avi",))
        self.full_video_clips = VideoClips(
            paths, frames_per_clip, step_between_clips, frame_rate, _precomputed_metadata,
            num_workers=num_workers, output_format=output_format,
        )  # fmt: skip
        wanted = self._wanted(Path(annotation_path))
        self.indices = [place for place, path in enumerate(paths) if self._key(path) in wanted]
        self.video_clips = self.full_video_clips.subset(self.indices)

    def _wanted(self, folder: Path) -> set[str]:
        """The keys of the films that are in this part."""
        raise NotImplementedError

    def _key(self, path: str) -> str:
        raise NotImplementedError


class UCF101(_Folds):
    """101 kinds of action (Soomro and others, 2012): ``root/<class>/<name>.avi``.

    ``annotation_path`` holds ``trainlist01.txt``, ``testlist01.txt`` and so on. Items are
    (pictures (T, H, W, C) uint8, sound (K, L), class).
    """

    def _wanted(self, folder: Path) -> set[str]:
        part = "train" if self.train else "test"
        lines = (folder / f"{part}list{self.fold:02d}.txt").read_text().splitlines()
        return {line.split()[0] for line in lines if line.strip()}

    def _key(self, path: str) -> str:
        return Path(path).relative_to(self.root).as_posix()


class HMDB51(_Folds):
    """51 kinds of movement (Kuehne and others, 2011): ``root/<class>/<name>.avi``.

    ``annotation_path`` holds ``<class>_test_split1.txt`` and so on: a name and 1 (train), 2 (test)
    or 0 a line. Items as ``UCF101``'s.
    """

    TRAIN_TAG = 1
    TEST_TAG = 2

    def _wanted(self, folder: Path) -> set[str]:
        tag = str(self.TRAIN_TAG if self.train else self.TEST_TAG)
        lists = [each.read_text() for each in folder.glob(f"*test_split{self.fold}.txt")]
        pairs = [line.split() for text in lists for line in text.splitlines() if line.strip()]
        return {name for name, word in pairs if word == tag}

    def _key(self, path: str) -> str:
        return Path(path).name


class Kinetics(_Films):
    """400, 600 or 700 kinds of action (Kay and others, 2017): ``root/<split>/<class>/<name>.mp4``.

    With ``download`` the archives are fetched and sorted into classes unless ``root/<split>`` is
    there. Items are (pictures (T, C, H, W) uint8, sound (K, L), class).
    """

    def __init__(
        self,
        root: str | Path,
        frames_per_clip: int,
        num_classes: str = "400",
        split: str = "train",
        frame_rate: int | None = None,
        step_between_clips: int = 1,
        transform: Function | None = None,
        extensions: tuple[str, ...] = ("avi", "mp4"),
        download: bool = False,
        num_download_workers: int = 1,
        num_workers: int = 1,
        _precomputed_metadata: dict[str, Any] | None = None,
        _video_width: int = 0,
        _video_height: int = 0,
        _video_min_dimension: int = 0,
        _audio_samples: int = 0,
        _audio_channels: int = 0,
        _legacy: bool = False,
        output_format: str = "TCHW",
    ) -> None:
        self.num_classes = chosen(num_classes, "num_classes", ("400", "600", "700"))
        self.extensions = extensions
        if _legacy and download:
            raise ValueError("Cannot download the videos using legacy_structure.")
        self.split = "unknown" if _legacy else chosen(split, "split", ("train", "val", "test"))
        super().__init__(root)
        self.split_folder = Path(self.root) if _legacy else Path(self.root) / split
        if download and not self.split_folder.exists():
            self._download()
        self.transform = transform
        paths = self._list(self.split_folder, extensions)
        self.indices = range(len(paths))
        self.video_clips = self.full_video_clips = VideoClips(
            paths, frames_per_clip, step_between_clips, frame_rate, _precomputed_metadata,
            num_workers=num_workers, output_format="THWC" if _legacy else output_format,
        )  # fmt: skip

    def _download(self) -> None:
        """Every archive of the part, then each film into the folder of its class."""
        base = Path(self.root)
        folder, prefix = FOLDERS[self.num_classes]
        listing = f"{prefix}_{self.split}_path.txt"
        download_url(f"{KINETICS}/{folder}/{self.split}/{listing}", base / "files")
        for url in (base / "files" / listing).read_text().splitlines():
            download_and_extract_archive(quote(url, safe="/,:"), base / "tars", self.split_folder)
        table = f"{self.split}.csv"
        download_url(f"{KINETICS}/{folder}/annotations/{table}", base / "annotations")
        with (base / "annotations" / table).open(newline="") as file:
            for row in csv.DictReader(file):
                start, end = int(row["time_start"]), int(row["time_end"])
                film = self.split_folder / f"{row['youtube_id']}_{start:06}_{end:06}.mp4"
                label = row["label"].translate(str.maketrans(" ", "_", "'()"))
                (self.split_folder / label).mkdir(parents=True, exist_ok=True)
                if film.is_file():
                    film.replace(self.split_folder / label / film.name)
