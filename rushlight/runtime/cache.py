"""What was compiled, on disk: one file a kernel or plan, per user, checked before it is believed.

A file is the digest of its content and then the content: object code (``runtime/code.py``) or a
plan (``compiler/kept.py``). It is written beside its place
and renamed into it, so readers see the whole file or none. There is no ``fsync``: after a power cut
a torn file fails its checksum, is deleted and compiled again, which costs less than waiting for
the disk forty times in a first step.

Files lie in 256 shelves, by the first two letters of their keys. One in sixteen new files looks
through its shelf, and only that, for what is too much: no step waits until a hundred thousand
files have been counted.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from pathlib import Path

from rushlight.base.warn import warn
from rushlight.runtime.digest import DIGEST_BYTES, digest

# Older files go first when the folder outgrows this.
LIMIT_BYTES = 512 * 1024 * 1024
SHELVES = 256
_BLOCK_BYTES = 4096  # what a file takes at least


class DiskCache:
    """Key -> content in one folder. Every trouble with the disk is one warning, never an error.

    ``enabled`` is False after the folder proved unusable (not ours, not readable), ``writable``
    after a write failed: a full disk, or a cache that came read-only with a container's image.
    """

    name = "kernels and plans on disk"

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder, self._folder = folder, str(folder)
        self.limit_bytes = limit_bytes
        self.enabled = True
        self.writable = True
        self._trusted = False

    def path(self, key: str) -> Path:
        """Where what is kept under ``key`` is, or would be."""
        return self.folder / key[:2] / f"{key}.o"

    def get(self, key: str) -> bytes | None:
        """The content, or None. A file that fails its checksum is deleted."""
        if not self._usable():
            return None
        try:
            # (a Path takes as long to make as the file to read)
            with open(f"{self._folder}/{key[:2]}/{key}.o", "rb", 0) as file:  # noqa: PTH123
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._give_up(f"cannot read {self.path(key)}: {error}")
            return None
        kept = content[DIGEST_BYTES:]
        if kept and digest(kept) == content[:DIGEST_BYTES]:
            return kept
        self._remove(self.path(key))
        return None

    def put(self, key: str, content: bytes) -> None:
        """Keep the content, or warn once and from then on only read."""
        if not self._usable() or not self.writable:
            return
        path, temporary = self.path(key), None
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            # "x": never through a link. Not the tempfile module: it takes 4 ms to import.
            temporary = path.parent / f".new-{os.getpid()}-{threading.get_ident()}-{key[:16]}"
            with temporary.open("xb") as file:
                file.write(digest(content) + content)
            temporary.replace(path)
            if key[2:3] == "0":
                self.trim(path.parent)
        except OSError as error:
            if temporary is not None:
                self._remove(temporary)
            self.writable = False
            self._complain(f"cannot write to {self.folder}: {error}")

    def trim(self, shelf: Path) -> None:
        """Delete the oldest files of a shelf until the rest fits in its part of the limit."""
        files = []
        with os.scandir(shelf) as entries:
            for entry in entries:
                try:
                    facts = entry.stat()
                except FileNotFoundError:
                    continue  # another process was faster
                size = max(facts.st_size, _BLOCK_BYTES)
                files.append((facts.st_mtime, size, entry.path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit_bytes // SHELVES:
                return
            self._remove(Path(path))
            total -= size

    def files(self) -> list[Path]:
        """Every file there is, those being written too."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def sizes(self) -> list[int]:
        """The bytes of every file; another process may delete some while we look."""
        found = []
        for path in self.files():
            with contextlib.suppress(FileNotFoundError):
                found.append(path.stat().st_size)
        return found

    def clear(self) -> None:
        """Delete every file of the cache."""
        if self._usable():
            for path in self.files():
                self._remove(path)

    def _usable(self) -> bool:
        if self.enabled and not self._trusted:
            self._open()
        return self.enabled

    def _open(self) -> None:
        """Make the folder, or refuse it where somebody else could put code into it."""
        try:
            # One after the other: `parents=True` gives parents the umask's mode, often too open.
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for complaint in (_complaint(self.folder), _complaint_of_parent(self.folder.parent)):
                if complaint:
                    self._give_up(complaint)
                    return
        except OSError as error:
            self._give_up(f"cannot make {self.folder}: {error}")
            return
        self._trusted = True

    def _give_up(self, why: str) -> None:
        self.enabled = False
        self._complain(why)

    @staticmethod
    def _complain(why: str) -> None:
        warn(
            f"rushlight: compiled code is not kept on disk: {why}. "
            "Set RUSHLIGHT_CACHE to a folder of your own, or RUSHLIGHT_NO_CACHE=1 for silence.",
            RuntimeWarning,
        )

    @staticmethod
    def _remove(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError:
            return  # a read-only folder: the file is ignored instead


def _complaint_of_parent(folder: Path) -> str:
    """As ``_complaint``, but for the folder around: in a sticky one (/tmp) nobody but the owner may
    rename or delete what lies in it, whoever may write there."""
    facts = folder.stat()
    trusted = facts.st_uid in (0, os.geteuid())
    return "" if trusted and facts.st_mode & stat.S_ISVTX else _complaint(folder)


def _complaint(folder: Path) -> str:
    """Why code from this folder must not be run, or ''."""
    facts = folder.stat()
    if facts.st_uid != os.geteuid():
        return f"{folder} belongs to user {facts.st_uid}, not to you ({os.geteuid()})"
    if facts.st_mode & 0o022:
        return f"{folder} can be written by others (mode {facts.st_mode & 0o777:o}, needs 700)"
    return ""
