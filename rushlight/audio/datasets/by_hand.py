"""Recordings that one fetches oneself: GTZAN's music, LibriTTS and CMU ARCTIC's speech."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rushlight.audio.datasets.speech import require_part
from rushlight.audio.files import load
from rushlight.tensor import Tensor
from rushlight.utils.data import Dataset

GENRES = (
    "blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock",
)  # fmt: skip
GTZAN_URL = "http://opihi.cs.uvic.ca/sound/genres.tar.gz"
LIBRITTS_PARTS = (
    "dev-clean", "dev-other", "test-clean", "test-other", "train-clean-100", "train-clean-360",
    "train-other-500",
)  # fmt: skip
ARCTIC_VOICES = (
    "aew", "ahw", "aup", "awb", "axb", "bdl", "clb", "eey", "fem", "gka", "jmk", "ksp", "ljm",
    "lnh", "rms", "rxr", "slp", "slt",
)  # fmt: skip
SPOKEN = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)')


def _require(folder: Path, address: str, download: bool) -> None:
    """Raises RuntimeError if the folder is not there, NotImplementedError if it is to be fetched:
    nobody publishes a sum of the archive to hold it against."""
    if folder.is_dir():
        return
    if download:
        raise NotImplementedError(
            f"download of {address}: no sum of it is published; unpack it yourself, so that there "
            f"is {folder}"
        )
    raise RuntimeError(f"Dataset not found at {folder}. It is published at {address}")


class GTZAN(Dataset[Any]):
    """(samples, rate, genre) of 1000 pieces of music: ``root/genres/blues/blues.00000.wav``.

    ``subset`` other than None raises NotImplementedError: its lists of names are not here.
    Tzanetakis and Cook, "Musical genre classification of audio signals" (2002).
    """

    def __init__(
        self, root: str | Path, url: str = GTZAN_URL, folder_in_archive: str = "genres",
        download: bool = False, subset: str | None = None,
    ) -> None:  # fmt: skip
        if subset not in (None, "training", "validation", "testing"):
            raise ValueError(
                "When `subset` is provided, it must be one of ['training', 'validation', 'testing']"
            )
        if subset is not None:
            raise NotImplementedError(f"GTZAN: subset={subset!r}; the whole (None) is there")
        self._path = Path(root) / folder_in_archive
        _require(self._path, url, download)
        found = [sorted((self._path / genre).glob(f"{genre}.[0-9]*.wav")) for genre in GENRES]
        self._walker = [each.stem for files in found for each in files]

    def __getitem__(self, n: int) -> tuple[Tensor, int, str]:
        name = self._walker[n]
        genre = name.split(".")[0]
        return *load(self._path / genre / f"{name}.wav"), genre

    def __len__(self) -> int:
        return len(self._walker)


class LIBRITTS(Dataset[Any]):
    """(samples, rate, text, text in words, speaker, chapter, utterance) of books read aloud.

    Reads ``root/LibriTTS/PART/SPEAKER/CHAPTER/*.wav`` and the ``.original.txt`` and
    ``.normalized.txt`` beside them; ``url`` is the part. Zen and others, "LibriTTS" (2019).
    """

    def __init__(
        self, root: str | Path, url: str = "train-clean-100", folder_in_archive: str = "LibriTTS",
        download: bool = False,
    ) -> None:  # fmt: skip
        self._path = Path(root) / folder_in_archive / require_part(url, LIBRITTS_PARTS)
        _require(self._path, f"http://www.openslr.org/resources/60/{url}.tar.gz", download)
        self._walker = sorted(each.stem for each in self._path.glob("*/*/*.wav"))

    def __getitem__(self, n: int) -> tuple[Tensor, int, str, str, int, int, str]:
        name = self._walker[n]
        speaker, chapter = name.split("_")[:2]
        stem = self._path / speaker / chapter / name
        original, normalized = (
            Path(f"{stem}.{kind}.txt").read_text("utf-8").partition("\n")[0]
            for kind in ("original", "normalized")
        )
        sound = load(Path(f"{stem}.wav"))
        return *sound, original, normalized, int(speaker), int(chapter), name

    def __len__(self) -> int:
        return len(self._walker)


class CMUARCTIC(Dataset[Any]):
    """(samples, rate, text, utterance) of one voice: ``root/ARCTIC/cmu_us_aew_arctic``.

    ``url`` is the voice. Kominek and Black, "The CMU Arctic speech databases" (2004).
    """

    def __init__(
        self, root: str | Path, url: str = "aew", folder_in_archive: str = "ARCTIC",
        download: bool = False,
    ) -> None:  # fmt: skip
        name = f"cmu_us_{require_part(url, ARCTIC_VOICES)}_arctic"
        self._path = Path(root) / folder_in_archive / name
        _require(self._path, f"http://festvox.org/cmu_arctic/packed/{name}.tar.bz2", download)
        lines = (self._path / "etc" / "txt.done.data").read_text("utf-8").splitlines()
        found = [SPOKEN.match(line.strip()) for line in lines]
        self._walker = [(each[1], each[2]) for each in found if each is not None]

    def __getitem__(self, n: int) -> tuple[Tensor, int, str, str]:
        name, said = self._walker[n]
        return *load(self._path / "wav" / f"{name}.wav"), said, name.split("_")[1]

    def __len__(self) -> int:
        return len(self._walker)
