"""Spoken words of a second each (P. Warden, arXiv:1804.03209)."""

from __future__ import annotations

import os
from pathlib import Path

from rushlight.audio.files import load
from rushlight.tensor import Tensor
from rushlight.utils.data import Dataset
from rushlight.utils.download import download as fetch
from rushlight.utils.download import extract_archive

BASE_URL = "https://storage.googleapis.com/download.tensorflow.org/data/"
SHA256 = {
    "speech_commands_v0.01": "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    "speech_commands_v0.02": "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
}
SAMPLE_RATE = 16000
LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
SPEAKER_MARK = "_nohash_"

Sample = tuple[Tensor, int, str, str, int]


class SPEECHCOMMANDS(Dataset):
    """(samples (1, frames), rate, word, speaker, number of the utterance) of each recording.

    Reads ``root/SpeechCommands/speech_commands_v0.02/WORD/SPEAKER_nohash_NUMBER.wav``; ``subset``
    is "training", "validation", "testing" by the lists that lie there, or None for all. Raises
    RuntimeError if the folder is not there, ValueError for another subset.
    """

    def __init__(
        self,
        root: str | Path,
        url: str = "speech_commands_v0.02",
        folder_in_archive: str = "SpeechCommands",
        download: bool = False,
        subset: str | None = None,
    ) -> None:
        if subset is not None and subset not in ("training", *LISTS):
            raise ValueError(
                "When `subset` is not None, it must be one of ['training', 'validation', "
                f"'testing'], got {subset!r}."
            )
        address = f"{BASE_URL}{url}.tar.gz" if url in SHA256 else url
        archive = address.rpartition("/")[2]
        version = archive.rsplit(".", 2)[0]
        start = Path(root).expanduser()
        self._archive = str(start / folder_in_archive)
        self._path = str(start / folder_in_archive / version)
        if not Path(self._path).is_dir():
            if not download:
                raise RuntimeError(
                    f"The path {self._path} doesn't exist. Please check the ``root`` path or set "
                    "`download=True` to download it"
                )
            packed = fetch([address], start, archive, sha256=SHA256.get(version))
            _unpack(packed, Path(self._path))
        self._walker = _files(Path(self._path), subset)

    def get_metadata(self, n: int) -> tuple[str, int, str, str, int]:
        """As a sample, but the file's path below ``root/SpeechCommands`` instead of its samples."""
        path = Path(self._walker[n])
        speaker, _, number = path.stem.partition(SPEAKER_MARK)
        relative = os.path.relpath(path, self._archive)
        return relative, SAMPLE_RATE, path.parent.name, speaker, int(number)

    def __getitem__(self, n: int) -> Sample:
        relative, rate, word, speaker, number = self.get_metadata(n)
        path = Path(self._archive) / relative
        samples, found = load(path)
        if found != rate:
            raise ValueError(f"sample rate should be {rate}, but got {found} in {path}")
        return samples, rate, word, speaker, number

    def __len__(self) -> int:
        return len(self._walker)


def _unpack(packed: Path, folder: Path) -> None:
    """Unpack beside the folder, which appears only when it is complete."""
    partial = folder.with_name(folder.name + ".part")
    extract_archive(packed, partial)
    partial.rename(folder)


def _files(folder: Path, subset: str | None) -> list[str]:
    if subset in LISTS:
        return _listed(folder, LISTS[subset])
    out = {path for name in LISTS.values() for path in _listed(folder, name)} if subset else set()
    found = sorted(map(str, folder.glob("*/*.wav")))
    # Noise and the like has no speaker in its name.
    return [path for path in found if SPEAKER_MARK in path and path not in out]


def _listed(folder: Path, name: str) -> list[str]:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return [str(folder / line.strip()) for line in lines if line.strip()]
