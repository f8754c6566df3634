"""A zip archive as PyTorch writes it: nothing compressed, every record on a 64-byte boundary."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any, final

from rushlight.base.record import Record
from rushlight.serialization.storages import ALIGNMENT
from rushlight.serialization.zip_reader import BIG32, END, END64, ENTRY, LOCAL, LOCATOR64

PADDING_TAG = b"FB"  # PyTorch's own extra field, which does nothing but fill
UTF8 = 1 << 11
VERSION = 45  # zip64
MANY = 0xFFFF
BLOCK = 1 << 26


class Written(Record):
    """What the directory at the end says of one record."""

    name: bytes
    crc: int
    size: int
    header: int


@final
class ZipWriter:
    """Writes records one after the other to ``file`` (anything with ``write``)."""

    def __init__(self, file: Any, folder: str, checksums: bool = True) -> None:
        self.file = file
        self.checksums = checksums
        self.folder = folder
        self.position = 0
        self.records: list[Written] = []

    def add(self, name: str, data: bytes | memoryview, hollow: bool = False) -> None:
        """One record, its bytes starting on a 64-byte boundary; zeros if ``hollow``."""
        path = f"{self.folder}/{name}".encode()
        size = len(data)
        crc = zlib.crc32(data) if self.checksums and not hollow else 0
        wide = struct.pack("<HHQQ", 1, 16, size, size) if size >= BIG32 else b""
        short = BIG32 if wide else size
        before = self.position + LOCAL.size + len(path) + len(wide) + 4
        fill = -before % ALIGNMENT
        padding = PADDING_TAG + struct.pack("<H", fill) + b"Z" * fill
        self.records.append(Written(path, crc, size, self.position))
        self._write(
            LOCAL.pack(b"PK\x03\x04", VERSION if wide else 0, UTF8, 0, 0, 0, crc, short, short,
                       len(path), len(wide) + len(padding))
            + path + wide + padding
        )  # fmt: skip
        for start in range(0, size, BLOCK):
            block = data[start : start + BLOCK]
            self._write(bytes(len(block)) if hollow else block)

    def finish(self) -> None:
        """Add PyTorch's closing records and the directory."""
        self.add("version", b"3\n")
        self.add(".data/serialization_id", self._identity())
        start = self.position
        for record in self.records:
            self._write(_entry(record))
        size, count = self.position - start, len(self.records)
        if count >= MANY or start + size >= BIG32:
            end64 = self.position
            self._write(END64.pack(b"PK\x06\x06", END64.size - 12, VERSION, VERSION, 0, 0,
                                   count, count, size, start))  # fmt: skip
            self._write(LOCATOR64.pack(b"PK\x06\x07", 0, end64, 1))
        short = min(count, MANY)
        self._write(END.pack(b"PK\x05\x06", 0, 0, short, short,
                             min(size, BIG32), min(start, BIG32), 0))  # fmt: skip

    def _identity(self) -> bytes:
        """Forty digits that depend on the contents only: equal files have equal bytes."""
        digest = hashlib.blake2b(digest_size=20)
        for record in self.records:
            digest.update(b"%s %d\n" % (record.name.partition(b"/")[2], record.crc))
        return b"%040d" % (int.from_bytes(digest.digest(), "little") % 10**40)

    def _write(self, data: bytes | memoryview) -> None:
        """All of ``data``: an unbuffered file may take less than it is given."""
        rest = memoryview(data)
        while len(rest):
            taken = self.file.write(rest)
            # A file object that returns nothing took everything.
            rest = rest[taken:] if isinstance(taken, int) and taken < len(rest) else rest[:0]
        self.position += len(data)


def _entry(record: Written) -> bytes:
    """One row of the directory."""
    wide_size, wide_header = record.size >= BIG32, record.header >= BIG32
    extra = b""
    if wide_size or wide_header:
        values = [record.size, record.size] * wide_size + [record.header] * wide_header
        extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)
    size = BIG32 if wide_size else record.size
    return (
        ENTRY.pack(b"PK\x01\x02", 0, VERSION if extra else 0, UTF8, 0, 0, 0, record.crc, size,
                   size, len(record.name), len(extra), 0, 0, 0, 0,
                   BIG32 if wide_header else record.header)
        + record.name + extra
    )  # fmt: skip
