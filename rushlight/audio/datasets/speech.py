"""Recorded speech with what was said: LibriSpeech, LJ Speech, Common Voice, yes and no."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any

from rushlight.audio.files import load
from rushlight.tensor import Tensor
from rushlight.utils.data import Dataset
from rushlight.utils.download import download as fetch
from rushlight.utils.download import extract_archive

LIBRI_RATE = 16000
LIBRI_HOST = "http://www.openslr.org/resources/12/"
LIBRI_SHA256 = {
    "dev-clean": "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3",
    "dev-other": "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365",
    "test-clean": "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23",
    "test-other": "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29",
    "train-clean-100": "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2",
    "train-clean-360": "146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf",
    "train-other-500": "ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2",
}
LJ_URL = "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2"
LJ_SHA256 = "be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5"
YESNO_URL = "http://www.openslr.org/resources/1/waves_yesno.tar.gz"
YESNO_SHA256 = "c3f49e0cca421f96b75b41640749167b52118f232498667ca7a5f9416aef8e73"


def _require(folder: Path, root: Path, url: str, sha256: str, download: bool) -> None:
    """The folder, unpacked below ``root`` if it may be. Raises RuntimeError if it is not there."""
    if download and not folder.is_dir():
        extract_archive(fetch([url], root, url.rpartition("/")[2], sha256=sha256), root)
    if not folder.is_dir():
        raise RuntimeError(
            f"Dataset not found at {folder}. Please use `download=True` to download it."
        )


def require_part(url: str, valid: Collection[str]) -> str:
    """``url``, the name of a part of a data set; ValueError if it has none of that name."""
    if url not in valid:
        raise ValueError(f"Invalid url '{url}' given; please provide one of {list(valid)}.")
    return url


class LIBRISPEECH(Dataset[Any]):
    """(samples, 16000, text, speaker, chapter, utterance) of books read aloud.

    Reads ``root/LibriSpeech/PART/SPEAKER/CHAPTER/*.flac`` and the ``.trans.txt`` beside them;
    ``url`` is the part. Raises ValueError for an unknown one, RuntimeError if it is not there.
    """

    def __init__(
        self, root: str | Path, url: str = "train-clean-100",
        folder_in_archive: str = "LibriSpeech", download: bool = False,
    ) -> None:  # fmt: skip
        self._url = require_part(url, LIBRI_SHA256)
        self._archive = Path(root) / folder_in_archive
        self._path = self._archive / url
        address = f"{LIBRI_HOST}{url}.tar.gz"
        _require(self._path, Path(root), address, LIBRI_SHA256[url], download)
        self._walker = sorted(each.stem for each in self._path.glob("*/*/*.flac"))

    def get_metadata(self, n: int) -> tuple[str, int, str, int, int, int]:
        """As a sample, but the file's path below ``root/LibriSpeech`` instead of its samples."""
        name = self._walker[n]
        speaker, chapter, utterance = name.split("-")
        folder = Path(self._url) / speaker / chapter
        lines = (self._archive / folder / f"{speaker}-{chapter}.trans.txt").read_text("utf-8")
        said = dict(line.strip().split(" ", 1) for line in lines.splitlines() if line.strip())
        if name not in said:
            raise FileNotFoundError(f"Translation not found for {name}")
        path = str(folder / f"{name}.flac")
        return path, LIBRI_RATE, said[name], int(speaker), int(chapter), int(utterance)

    def __getitem__(self, n: int) -> tuple[Tensor, int, str, int, int, int]:
        path, rate, *others = self.get_metadata(n)
        samples, found = load(self._archive / path)
        if found != rate:
            raise ValueError(f"sample rate should be {rate}, but got {found} in {path}")
        return samples, rate, *others  # type: ignore[return-value]

    def __len__(self) -> int:
        return len(self._walker)


class LJSPEECH(Dataset[Any]):
    """(samples, rate, text, text with numbers in words) of one reader: ``root/LJSpeech-1.1``."""

    def __init__(
        self, root: str | Path, url: str = LJ_URL, folder_in_archive: str = "wavs",
        download: bool = False,
    ) -> None:  # fmt: skip
        base = Path(root) / url.rpartition("/")[2].split(".tar.bz2")[0]
        self._path = base / folder_in_archive
        _require(self._path, Path(root), url, LJ_SHA256, download)
        with (base / "metadata.csv").open(encoding="utf-8", newline="") as file:
            self._flist = list(csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE))

    def __getitem__(self, n: int) -> tuple[Tensor, int, str, str]:
        name, text, in_words = self._flist[n]
        return *load(self._path / f"{name}.wav"), text, in_words

    def __len__(self) -> int:
        return len(self._flist)


class YESNO(Dataset[Any]):
    """(samples, rate, eight numbers: 1 is yes) in Hebrew: ``root/waves_yesno/0_1_..._1.wav``."""

    def __init__(
        self, root: str | Path, url: str = YESNO_URL, folder_in_archive: str = "waves_yesno",
        download: bool = False,
    ) -> None:  # fmt: skip
        self._path = Path(root) / folder_in_archive
        _require(self._path, Path(root), url, YESNO_SHA256, download)
        self._walker = sorted(each.stem for each in self._path.glob("*.wav"))

    def __getitem__(self, n: int) -> tuple[Tensor, int, list[int]]:
        name = self._walker[n]
        return *load(self._path / f"{name}.wav"), [int(each) for each in name.split("_")]

    def __len__(self) -> int:
        return len(self._walker)


class COMMONVOICE(Dataset[Any]):
    """(samples, rate, the row as a dict) of a table such as ``root/train.tsv``; ``root/clips``."""

    def __init__(self, root: str | Path, tsv: str = "train.tsv") -> None:
        self._path = Path(root)
        with (self._path / tsv).open(encoding="utf-8", newline="") as file:
            self._header, *self._walker = list(csv.reader(file, delimiter="\t"))

    def __getitem__(self, n: int) -> tuple[Tensor, int, dict[str, str]]:
        if self._header[1] != "path":
            raise ValueError(f"expect `header[1]` to be 'path', but got {self._header[1]}")
        row = self._walker[n]
        name = row[1] if row[1].endswith(".mp3") else f"{row[1]}.mp3"
        samples, rate = load(self._path / "clips" / name)
        return samples, rate, dict(zip(self._header, row, strict=False))

    def __len__(self) -> int:
        return len(self._walker)
