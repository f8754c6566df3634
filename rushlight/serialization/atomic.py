"""Write a file so that nobody ever sees half of it: a new name beside it, then a rename."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[Any]:
    """An unbuffered file that becomes ``path`` when the block ends well, and vanishes otherwise.

    Devices, pipes and the like are written directly. Raises RuntimeError if the folder is not
    there, OSError with a clear text if the disk is full.
    """
    target = Path(path).resolve()  # a link stays a link: what it leads to is replaced
    folder = target.parent
    if not folder.is_dir():
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        with target.open("wb", buffering=0) as file:
            yield file
        return
    # Sixty-four random bits: two processes that save the same path do not meet.
    temporary = folder / f".{target.name[:200]}.{os.urandom(8).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            yield file
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _explain(error, target) from error
    except BaseException:  # the caller's own errors and Ctrl-C: half a file is of no use
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(folder)


def _explain(error: OSError, path: Path) -> OSError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OSError(
            error.errno,
            f"torch.save: {os.strerror(error.errno)} while writing; nothing was changed at the "
            "target. Free some space or save elsewhere",
            str(path),
        )
    return error


def _sync_folder(folder: Path) -> None:
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
