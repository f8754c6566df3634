"""A corpus: a stream of samples that can be read again and again, one for each split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from rushlight.base.warn import warn
from rushlight.utils.data.shared_stream import SharedStream
from rushlight.utils.download import check_integrity, download, unpack_member

CACHE = "~/.torchtext/cache"

Splits: TypeAlias = str | tuple[str, ...]


class Corpus(SharedStream):
    """The samples that ``read()`` yields, anew for each ``iter``; files are opened then.

    ``next(corpus)`` goes through them once. ``DataLoader(corpus, shuffle=True)`` mixes them;
    several workers share them out.
    """

    def __init__(self, name: str, split: str, read: Callable[[], Iterator[Any]]) -> None:
        self.name = name
        self.split = split
        self._read = read
        self._under_way: Iterator[Any] | None = None

    def read(self) -> Iterator[Any]:
        """The samples, in the order of the files."""
        return self._read()

    def __next__(self) -> Any:
        if self._under_way is None:
            self._under_way = self._read()
        return next(self._under_way)

    def __getstate__(self) -> dict[str, Any]:
        """A worker process starts from the beginning."""
        return {**self.__dict__, "_under_way": None}

    def __repr__(self) -> str:
        return f"{self.name}(split={self.split!r})"


def by_split(
    name: str, split: Splits, known: tuple[str, ...], make: Callable[[str], Corpus]
) -> Any:
    """One corpus for a split's name, a tuple of them for a tuple of names.

    Raises TypeError for a split that the set does not have.
    """
    wanted = (split,) if isinstance(split, str) else tuple(split)
    if not set(wanted) <= set(known):
        raise TypeError(
            f"Given selection {wanted} of splits is not supported for dataset {name}. "
            f"Please choose from {known}."
        )
    made = tuple(make(each) for each in wanted)
    return made[0] if isinstance(split, str) else made


class Folder:
    """Where the files of one set are: ``root/datasets/NAME``, or ``root/NAME`` as before 0.12."""

    def __init__(self, root: str | Path, name: str) -> None:
        start = Path(root).expanduser()
        self.places = (start / "datasets" / name, start / name)

    def find(self, relative: str) -> Path | None:
        """The file or folder, if it is there."""
        return next(
            (place / relative for place in self.places if (place / relative).exists()), None
        )

    def fetch(self, relative: str, urls: Sequence[str], md5: str) -> Path:
        """A file that is published as it is; downloaded unless it is there.

        A file that is there and differs from the published one is read, with a warning.
        """
        found = self.find(relative)
        if found is None:
            return download(urls, self.places[0], relative, md5)
        if not check_integrity(found, md5):
            warn(f"{found} is not the published file: its md5 is not {md5}")
        return found

    def archive(
        self, name: str, urls: Sequence[str], md5: str | None = None, sha256: str | None = None
    ) -> Path:
        """The packed file with the right sum; downloaded unless it is there."""
        found = self.find(name)
        if found is not None and check_integrity(found, md5, sha256):
            return found
        return download(urls, self.places[0], name, md5, sha256)

    def member(self, relative: str, archive: str, urls: Sequence[str], md5: str) -> Path:
        """One file of an archive, unpacked; without the network if either is there already."""
        found = self.find(relative)
        if found is not None:
            return found
        packed = self.archive(archive, urls, md5)
        target = packed.parent / relative
        unpack_member(packed, relative, target)
        return target
