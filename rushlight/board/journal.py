"""A file that only ever grows by whole lines, written by a thread of its own.

Each line is one JSON object. A crash can tear the last line at most; whoever reads leaves it out,
and whoever goes on with the file ends it first.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Protocol

NAME = "run.jsonl"
WRITE_EVERY = 0.25  # seconds: what a killed process loses at most
BACKLOG = 100_000  # entries; beyond it the logging thread writes them itself
_LOCK_TRIES = 10  # a reader that looks whether the run lives holds the lock for a moment


class Entry(Protocol):
    """Something that becomes a line, now or once what it needs has been computed."""

    def ready(self) -> bool: ...

    def line(self) -> dict[str, Any]: ...


class Journal:
    """The file of one run, open for one process. RuntimeError if another process has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting: deque[Entry] = deque()
        self.failure: OSError | None = None  # the first one; what it concerned is lost
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        if not _locked(self._file):
            os.close(self._file)
            raise RuntimeError(
                f"board: {path} is being written by another process; one process at a time "
                "writes a run (give this one a name of its own)"
            )
        size = os.fstat(self._file).st_size
        self._torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="rushlight-board", daemon=True)

    def start(self) -> None:
        """Write from here on what is put into ``waiting``."""
        self._thread.start()

    def write(self, *lines: dict[str, Any]) -> None:
        """Append lines now."""
        with self._lock:
            self._append(lines)

    def drain(self) -> None:
        """Append what is ready, in the order in which it was put."""
        with self._lock:
            waiting, lines = self.waiting, []
            try:
                while waiting and waiting[0].ready():
                    lines.append(waiting.popleft().line())
            except OSError as error:  # a picture's file
                self.failure = self.failure or error
            self._append(lines)

    def _append(self, lines: Any) -> None:
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        left = memoryview((("\n" if self._torn else "") + text).encode())
        if not text:
            return
        try:
            while left:
                left = left[os.write(self._file, left) :]
            self._torn = False
        except OSError as error:
            self._torn = True  # perhaps: an empty line does no harm
            self.failure = self.failure or error

    def _write_on(self) -> None:
        while not self._stop.wait(WRITE_EVERY):
            self.drain()

    def close(self, *lines: dict[str, Any]) -> None:
        """Append what is left, then ``lines``; the file is on the disk when this returns."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.drain()
        self.write(*lines)
        os.fsync(self._file)
        fcntl.flock(self._file, fcntl.LOCK_UN)  # a forked child holds the file open too
        os.close(self._file)


def _locked(file: int) -> bool:
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False


def is_written(path: Path) -> bool:
    """Whether some process has the journal at ``path`` open for writing."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)  # lets go of the lock too
    return False
