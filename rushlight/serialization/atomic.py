"""Write a file so that nobody ever sees half of it: a new name beside it, then a rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def atomic_writer(path: str) -> Iterator[Any]:
    """An unbuffered file that becomes ``path`` when the block ends well, and vanishes otherwise.

    Devices, pipes and the like are written directly. Raises RuntimeError if the folder is not
    there, OSError with a clear text if the disk is full.
    """
    path = os.path.realpath(path)  # a link stays a link: what it leads to is replaced
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    mode = _existing_mode(path)
    if mode is not None and not stat.S_ISREG(mode):
        with open(path, "wb", buffering=0) as file:
            yield file
        return
    # Sixty-four random bits: two processes that save the same path do not meet.
    temporary = os.path.join(folder, f".{os.path.basename(path)[:200]}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            yield file
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise _explain(error, path) from error
    except BaseException:
        _remove(temporary)
        raise
    _sync_folder(folder)


def _existing_mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def _explain(error: OSError, path: str) -> OSError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        why = os.strerror(error.errno or 0)
        return OSError(
            error.errno,
            f"torch.save: {why} while writing; nothing was changed at the target. Free some space "
            "or save elsewhere",
            path,
        )
    return error


def _sync_folder(folder: str) -> None:
    """Make the rename itself last: on Linux that is the folder's own fsync."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # not every system lets one open a folder
        return
    try:
        os.fsync(descriptor)
    except OSError:  # nor sync one: the file's own bytes are safe already
        return
    finally:
        os.close(descriptor)
