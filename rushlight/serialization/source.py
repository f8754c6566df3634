"""Where the bytes of a checkpoint come from: a path, an open file, or memory."""

from __future__ import annotations

import io
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Protocol, final

import numpy as np

from rushlight.serialization.storages import Bytes, aligned_bytes

BLOCK = 1 << 16


class Source(Protocol):
    """Bytes that can be read from any place."""

    size: int

    def read_at(self, offset: int, nbytes: int) -> bytes:
        """At most ``nbytes`` bytes from ``offset`` on; fewer only at the end."""

    def array_at(self, offset: int, nbytes: int) -> Bytes:
        """Exactly ``nbytes`` bytes as an array of their own. Raises RuntimeError at the end."""

    def read_into(self, offset: int, target: Bytes) -> None:
        """Fill ``target`` from ``offset`` on. Raises RuntimeError if the bytes end before."""


def _short(wanted: int, got: int) -> RuntimeError:
    return RuntimeError(
        f"unexpected EOF, expected {wanted - got} more bytes. The file might be corrupted."
    )


@final
class StreamSource:
    """A seekable binary file object; offsets count from where it stood."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.start = stream.tell()
        stream.seek(0, os.SEEK_END)
        self.size = stream.tell() - self.start
        stream.seek(self.start)

    def read_at(self, offset: int, nbytes: int) -> bytes:
        if offset >= self.size:  # a damaged file may name a place that no seek() takes
            return b""
        self.stream.seek(self.start + offset)
        return bytes(self.stream.read(max(0, min(nbytes, self.size - offset))))

    def array_at(self, offset: int, nbytes: int) -> Bytes:
        if offset + nbytes > self.size:  # before memory is asked for
            raise _short(nbytes, max(0, self.size - offset))
        data = aligned_bytes(nbytes)
        self.read_into(offset, data)
        return data

    def read_into(self, offset: int, target: Bytes) -> None:
        self.stream.seek(self.start + offset)
        done, view = 0, memoryview(target)
        readinto = getattr(self.stream, "readinto", None)
        while done < len(view):
            if readinto is not None:
                got = readinto(view[done:])
            else:
                block = self.stream.read(min(len(view) - done, 1 << 24))
                got = len(block)
                view[done : done + got] = block
            if not got:
                raise _short(len(view), done)
            done += got

    def leave_at(self, offset: int) -> None:
        """Put the stream's position behind what was read, for the next load."""
        self.stream.seek(self.start + offset)


@final
class MappedSource:
    """A file mapped into memory: arrays are read from disk as they are used.

    Writes stay in memory, or go to the file if it is ``shared``.
    """

    def __init__(self, path: str, shared: bool = False) -> None:
        with Path(path).open("r+b" if shared else "rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            access = mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY
            # An empty file cannot be mapped, and needs not.
            self.map: Any = mmap.mmap(file.fileno(), 0, access=access) if self.size else b""
        self.bytes: Bytes = np.frombuffer(self.map, dtype=np.uint8)

    def read_at(self, offset: int, nbytes: int) -> bytes:
        return self.map[offset : offset + nbytes]

    def array_at(self, offset: int, nbytes: int) -> Bytes:
        if offset + nbytes > self.size:
            raise _short(nbytes, max(0, self.size - offset))
        return self.bytes[offset : offset + nbytes]

    def read_into(self, offset: int, target: Bytes) -> None:
        np.copyto(target, self.array_at(offset, target.size))


@final
class MemorySource:
    """A Source over bytes that are already here."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read_at(self, offset: int, nbytes: int) -> bytes:
        return self.data[offset : offset + nbytes]

    def array_at(self, offset: int, nbytes: int) -> Bytes:
        if offset + nbytes > self.size:
            raise _short(nbytes, max(0, self.size - offset))
        return np.frombuffer(self.data, np.uint8, nbytes, offset)

    def read_into(self, offset: int, target: Bytes) -> None:
        np.copyto(target, self.array_at(offset, target.size))


@contextmanager
def open_source(
    f: Any, mapped: bool, shared: bool = False
) -> Iterator[StreamSource | MappedSource]:
    """The bytes of ``f``: a path (mapped or not) or a file object with read, seek and tell."""
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        if mapped:
            yield MappedSource(path, shared)
            return
        with Path(path).open("rb", buffering=0) as file:
            yield StreamSource(file)
        return
    if mapped:
        raise ValueError(
            f"f must be a file filename in order to use the mmap argument, got {type(f).__name__}"
        )
    for method in ("read", "seek", "tell"):
        if not hasattr(f, method):
            raise AttributeError(
                f"{type(f).__name__!r} object has no attribute {method!r}. You can only torch.load "
                "from a file that is seekable. Please pre-load the data into a buffer like "
                "io.BytesIO and try to load from it instead."
            )
    if isinstance(f, io.TextIOBase):
        raise TypeError("torch.load: the file is open in text mode; open it with mode 'rb'")
    yield StreamSource(f)


@final
class Cursor:
    """Reads a Source from one place onwards, in blocks; a Reader for the unpickler."""

    def __init__(self, source: Source, offset: int = 0, end: int | None = None) -> None:
        self.source = source
        self.position = offset
        self.end = source.size if end is None else min(end, source.size)
        self.block = b""
        self.used = 0

    def read(self, n: int) -> bytes:
        """Exactly ``n`` bytes. Raises UnpicklingError where the data ends before."""
        used = self.used
        if used + n <= len(self.block):
            self.used = used + n
            self.position += n
            return self.block[used : used + n]
        if self.position + n > self.end:
            raise UnpicklingError(
                f"pickle data was truncated: {n} bytes wanted at {self.position}, "
                f"the data ends at {self.end}"
            )
        self._fill(n)
        return self.read(n)

    def readline(self) -> bytes:
        """Up to and including the next newline; a name in a pickle is shorter than a block."""
        stop = self.block.find(b"\n", self.used)
        if stop < 0:
            self._fill(BLOCK)
            stop = self.block.find(b"\n")
        if stop < 0:
            raise UnpicklingError("pickle data was truncated: a name has no end")
        return self.read(stop + 1 - self.used)

    def readinto(self, target: Any) -> int:
        """Fill ``target``: part of what Python's own Unpickler asks for."""
        view = memoryview(target).cast("B")
        view[:] = self.read(len(view))
        return len(view)

    def _fill(self, n: int) -> None:
        room = self.end - self.position
        self.block = self.source.read_at(self.position, min(max(n, BLOCK), room))
        self.used = 0
        if len(self.block) < min(n, room):
            raise UnpicklingError("pickle data was truncated: the file became shorter")
