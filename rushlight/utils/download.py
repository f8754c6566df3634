"""Files from the network: mirrors, resumed, checked, and in place only when complete."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rushlight.serialization.atomic import atomic_writer

TIMEOUT_SECONDS = 20
BLOCK = 1 << 18


def file_md5(path: str | Path) -> str:
    """The md5 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_integrity(fpath: str | Path, md5: str | None = None, sha256: str | None = None) -> bool:
    """Whether the file is there and has the sums that are given."""
    return (
        Path(fpath).is_file()
        and (md5 is None or file_md5(fpath) == md5)
        and (sha256 is None or file_sha256(fpath) == sha256)
    )


class _Progress:
    """One line on a terminal; silent anywhere else."""

    def __init__(self, name: str, total: int | None, wanted: bool) -> None:
        self.name = name
        self.total = total
        self.shown = wanted and sys.stderr.isatty()
        self.last = -1

    def update(self, done: int) -> None:
        step = done * 100 // self.total if self.total else done >> 20
        if not self.shown or step == self.last:
            return
        self.last = step
        text = f"{step} %" if self.total else f"{step} MB"
        sys.stderr.write(f"\r{self.name}: {text}")
        sys.stderr.flush()

    def end(self) -> None:
        if self.shown:
            sys.stderr.write("\n")


def append_rest(url: str, part: Path, name: str, progress: bool = True) -> None:
    """Append to ``part`` what is missing of the file at ``url``, or all if the server sends all.

    Raises RuntimeError if less came than was announced; what came stays, to go on from.
    """
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "rushlight", **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        # A file: address has no status.
        have = have if getattr(answer, "status", None) == 206 else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        shown = _Progress(name, total, progress)
        with part.open("r+b" if have else "wb") as file:
            file.seek(have)
            while block := answer.read(BLOCK):
                file.write(block)
                have += len(block)
                shown.update(have)
            file.flush()
            os.fsync(file.fileno())
        shown.end()
    if total is not None and have != total:
        raise RuntimeError(f"{url}: {have} of {total} bytes came; call again to go on from there")


def download(
    urls: Sequence[str],
    folder: str | Path,
    filename: str,
    md5: str | None = None,
    sha256: str | None = None,
) -> Path:
    """The file, from the first of ``urls`` that gives it right; at once if it is there already.

    An interrupted download goes on where it stopped. Raises RuntimeError that says where the file
    may be put by hand.
    """
    target = Path(folder) / filename
    if check_integrity(target, md5, sha256):
        return target
    Path(folder).mkdir(parents=True, exist_ok=True)
    part = target.with_name(filename + ".part")
    problems = []
    for url in urls:
        try:
            append_rest(url, part, filename)
        except urllib.error.HTTPError as error:
            if error.code == 416:  # more than there is: what we have is of another file
                part.unlink(missing_ok=True)
            problems.append(f"{url}: {error}")
            continue
        except (OSError, ValueError, RuntimeError) as error:
            problems.append(f"{url}: {error}")
            continue
        if not check_integrity(part, md5, sha256):
            part.unlink()
            problems.append(f"{url}: the file is another one, {_sums(md5, sha256)}")
            continue
        part.replace(target)
        return target
    listed = "\n".join(f"  {each}" for each in problems)
    raise RuntimeError(
        f"Error downloading {filename}:\n{listed}\nWithout a network, put the file there by hand: "
        f"{target} {_sums(md5, sha256)}".rstrip()
    )


def _sums(md5: str | None, sha256: str | None) -> str:
    wanted = {"md5": md5, "sha256": sha256}
    listed = ", ".join(f"{name} {value}" for name, value in wanted.items() if value is not None)
    return f"({listed})" if listed else ""


def _copy(packed: Any, file: Any) -> None:
    """All of ``packed``; an unbuffered file on a disk that is nearly full may take less at once."""
    while block := packed.read(BLOCK):
        rest = memoryview(block)
        while len(rest):
            rest = rest[file.write(rest) :]


def unpack_gzip(source: Path, target: Path) -> None:
    """Unpack a .gz file; the target appears only when it is complete."""
    try:
        with gzip.open(source) as packed, atomic_writer(target) as file:
            _copy(packed, file)
    except (EOFError, gzip.BadGzipFile) as error:
        raise RuntimeError(f"{source} is damaged ({error}): delete it and try again") from error


def unpack_member(archive: Path, name: str, target: Path) -> None:
    """One file of a .tar.gz or .zip archive to ``target``, which appears only when it is complete.

    Raises RuntimeError if the archive is damaged or does not hold it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if archive.suffix == ".zip":
            with (
                zipfile.ZipFile(archive) as zipped,
                zipped.open(name) as packed,
                atomic_writer(target) as file,
            ):
                _copy(packed, file)
            return
        with tarfile.open(archive) as tarred:
            content = tarred.extractfile(name)
            if content is None:
                raise KeyError(name)
            with content, atomic_writer(target) as file:
                _copy(content, file)
    except KeyError:
        raise RuntimeError(f"{archive} holds no file {name}") from None
    except (EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
        raise RuntimeError(f"{archive} is damaged ({error}): delete it and try again") from error


def extract_archive(
    from_path: str | Path, to_path: str | Path | None = None, remove_finished: bool = False
) -> str:
    """Unpack a .tar.gz, .tar, .zip or .gz file beside itself or into a folder.

    Files that would leave the folder are refused.
    """
    source = Path(from_path)
    folder = Path(to_path) if to_path is not None else source.parent
    if source.name.endswith((".tar.gz", ".tgz", ".tar", ".tar.xz", ".tar.bz2")):
        with tarfile.open(source) as archive:
            _unpack_tar(archive, folder)
    elif source.suffix == ".zip":
        with zipfile.ZipFile(source) as zipped:
            zipped.extractall(folder)
    elif source.suffix == ".gz":
        unpack_gzip(source, folder / source.stem)
    else:
        raise RuntimeError(f"Unknown archive type: {source.name!r} (.tar.gz, .tar, .zip and .gz)")
    if remove_finished:
        source.unlink()
    return str(folder)


def _unpack_tar(archive: tarfile.TarFile, folder: Path) -> None:
    """All of ``archive``, as ``filter="data"`` does it, which Python has since 3.11.4."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, filter="data")
        return
    inside = folder.resolve()
    for member in archive:
        target = (inside / member.name).resolve()
        if not target.is_relative_to(inside):
            raise tarfile.ExtractError(f"{member.name!r} would be outside the destination")
        if member.isdir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        content = archive.extractfile(member) if member.isreg() else None
        if content is None:
            raise tarfile.ExtractError(
                f"{member.name!r} is no file and no folder: Python 3.11.4 or newer unpacks links"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with content, target.open("wb") as file:
            _copy(content, file)


def _last_part(url: str) -> str:
    return url.rpartition("/")[2]


def download_url(
    url: str, root: str | Path, filename: str | None = None, md5: str | None = None
) -> None:
    """One file from one address into ``root``."""
    download([url], Path(root).expanduser(), filename or _last_part(url), md5)


def download_and_extract_archive(
    url: str,
    download_root: str | Path,
    extract_root: str | Path | None = None,
    filename: str | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """``download_url``, then ``extract_archive``."""
    root = Path(download_root).expanduser()
    path = download([url], root, filename or _last_part(url), md5)
    extract_archive(path, extract_root or root, remove_finished)
