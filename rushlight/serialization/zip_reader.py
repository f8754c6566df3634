"""The zip archive under a checkpoint, read without trusting it: bounds and CRC are checked."""

from __future__ import annotations

import struct
import zlib
from typing import final

import numpy as np

from rushlight.base.record import Record
from rushlight.serialization.source import MappedSource, Source
from rushlight.serialization.storages import Bytes

LOCAL_MAGIC = b"PK\x03\x04"
END = struct.Struct("<4s4H2LH")
END64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR64 = struct.Struct("<4sLQL")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
STORED, DEFLATED = 0, 8
LONGEST_COMMENT = 1 << 16
SMALL = 1 << 12
MOST_UNPACKED, MOST_RATIO = 1 << 24, 10
BIG32 = 0xFFFFFFFF


def broken(why: str) -> RuntimeError:
    """The error for an archive that cannot be read, in PyTorch's words."""
    # A damaged directory gives names of any bytes and of any length.
    why = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in why[:200])
    return RuntimeError(
        f"PytorchStreamReader failed {why}. The checkpoint file is probably corrupted: not saved "
        "completely, not transferred completely, or changed afterwards. Save or download it again."
    )


class Record(Record):
    """One file in the archive."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    header: int  # where its local header starts


@final
class ZipReader:
    """The records of an archive: ``records[name]`` without the archive's own folder."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.records: dict[str, Record] = {}
        records = _directory(source)
        check_extents(records, source.size)
        # The folder of the first record is the archive's; another's files are not part of it.
        folder = records[0].name.partition("/")[0] if records else ""
        for record in records:
            name = check_name(record.name)
            if name in self.records:
                raise broken(f"reading zip archive: two files are called {record.name}")
            if record.name.startswith(folder + "/"):
                self.records[name] = record
        for name, record in self.records.items():
            if record.size <= SMALL and "/" not in name:
                self.array(name)  # what nobody asks for may still show that the file is damaged

    def __contains__(self, name: str) -> bool:
        return name in self.records

    def read(self, name: str) -> bytes:
        """A record's bytes. Raises RuntimeError if it is missing or damaged."""
        return self.array(name).tobytes()

    def array(self, name: str, check: bool = True) -> Bytes:
        """A record's bytes as an array of its own (or a part of the mapped file)."""
        record = self.records.get(name)
        if record is None:
            raise broken(f"locating file {name}: file not found")
        data = self.source.array_at(self._data_offset(record), record.packed)
        if record.method == DEFLATED:
            data = _inflate(record, data)
        # 0 stands where no checksum was written (set_crc32_options, skip_data).
        wanted = record.crc if check and not isinstance(self.source, MappedSource) else 0
        if wanted and zlib.crc32(data) != wanted:
            raise broken(f"reading file {name}: CRC-32 check failed")
        return data

    def size(self, name: str) -> int:
        """How many bytes a record has."""
        if name not in self.records:
            raise broken(f"locating file {name}: file not found")
        return self.records[name].size

    def _data_offset(self, record: Record) -> int:
        raw = self.source.read_at(record.header, LOCAL.size)
        if len(raw) < LOCAL.size or raw[:4] != LOCAL_MAGIC:
            raise broken(f"reading file {record.name}: invalid header")
        fields = LOCAL.unpack(raw)
        start = record.header + LOCAL.size + fields[9] + fields[10]
        name = self.source.read_at(record.header + LOCAL.size, fields[9])
        # Where a flag says so, the header's own numbers follow behind the bytes and are 0 here.
        if not fields[2] & 8 and (fields[3], fields[6]) != (record.method, record.crc):
            raise broken(f"reading file {record.name}: its own header says something else")
        if name.decode("utf-8", "surrogateescape") != record.name:
            raise broken(f"reading file {record.name}: its own header has another name")
        if start + record.packed > self.source.size:
            raise broken(f"reading file {record.name}: it reaches beyond the end of the archive")
        return int(start)


def check_name(name: str) -> str:
    """The record's name inside the archive's folder. Raises RuntimeError if it leads elsewhere."""
    folder, slash, rest = name.partition("/")
    if not slash or not folder:
        raise broken(f"reading zip archive: {name[:80]!r} is not in a subdirectory, as data.pkl is")
    if ".." in name.split("/") or "\\" in name or "\0" in name:
        raise broken(f"reading zip archive: the name {name[:80]!r} leads out of the archive")
    return rest


def check_extents(records: list[Record], size: int) -> None:
    """Records may not share bytes, nor unpack to far more than the archive has.

    Otherwise a small file could ask for any amount of memory.
    """
    end = 0
    for record in sorted(records, key=lambda each: each.header):
        if record.header < end:
            raise broken(f"reading zip archive: {record.name[:80]!r} overlaps another file")
        end = (
            record.header
            + LOCAL.size
            + len(record.name.encode("utf-8", "surrogateescape"))
            + record.packed
        )
    if end > size:
        raise broken("reading zip archive: a file reaches beyond the end")
    unpacked = sum(record.size for record in records if record.method == DEFLATED)
    if unpacked > MOST_UNPACKED + MOST_RATIO * size:
        raise broken(
            f"reading zip archive: {size} bytes would unpack to {unpacked}; torch.save does not "
            "compress, and a file that was compressed afterwards may grow tenfold at most"
        )


def _inflate(record: Record, packed: Bytes) -> Bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(memoryview(packed), record.size + 1)
    except zlib.error as error:
        raise broken(f"reading file {record.name}: {error}") from error
    if len(data) != record.size:
        raise broken(f"reading file {record.name}: its size is not what the archive says")
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def is_zip(source: Source) -> bool:
    """Whether the bytes start as a zip archive does."""
    return source.read_at(0, 4) == LOCAL_MAGIC


def _directory(source: Source) -> list[Record]:
    count, size, offset = _find_directory(source)
    raw = source.read_at(offset, size)
    if offset + size > source.size or len(raw) < size:
        raise broken("reading zip archive: the central directory reaches beyond the end")
    records, place = [], 0
    for _ in range(count):
        if place + ENTRY.size > size or raw[place : place + 4] != b"PK\x01\x02":
            raise broken("reading zip archive: the central directory is damaged")
        fields = ENTRY.unpack_from(raw, place)
        method, crc, packed, unpacked = fields[4], *fields[7:10]
        name_length, extra_length, comment_length = fields[10:13]
        header = fields[16]
        place += ENTRY.size
        name = raw[place : place + name_length].decode("utf-8", "surrogateescape")
        extra = raw[place + name_length : place + name_length + extra_length]
        unpacked, packed, header = _wide_fields(extra, unpacked, packed, header)
        place += name_length + extra_length + comment_length
        if method not in (STORED, DEFLATED) or (method == STORED and packed != unpacked):
            raise broken(f"reading zip archive: {name} is packed in an unknown way")
        if fields[3] & 1:
            raise broken(f"reading zip archive: {name} is encrypted")
        records.append(Record(name, method, crc, packed, unpacked, header))
    return records


def _wide_fields(extra: bytes, *values: int) -> list[int]:
    """The 64-bit values that stand in the extra field where 32 bits were too few."""
    result = list(values)
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            wide = place + 4
            for index, value in enumerate(values):
                if value == BIG32 and wide + 8 <= place + 4 + length <= len(extra):
                    result[index] = struct.unpack_from("<Q", extra, wide)[0]
                    wide += 8
        place += 4 + length
    return result


def _find_directory(source: Source) -> tuple[int, int, int]:
    """(entries, bytes, offset) of the central directory."""
    start = max(0, source.size - LONGEST_COMMENT - END.size)
    tail = source.read_at(start, source.size - start)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or place + END.size > len(tail):
        raise broken("reading zip archive: failed finding central directory")
    fields = END.unpack_from(tail, place)
    count, size, offset = fields[4:7]
    locator = place - LOCATOR64.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        where = LOCATOR64.unpack_from(tail, locator)[2]
        raw = source.read_at(where, END64.size)
        if len(raw) < END64.size or raw[:4] != b"PK\x06\x06":
            raise broken("reading zip archive: the zip64 directory is damaged")
        count, size, offset = END64.unpack(raw)[7:10]
    return int(count), int(size), int(offset)
