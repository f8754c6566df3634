"""Reads MATLAB's .mat files of version 5: numbers, texts, structs, cells and sparse matrices.

After "MAT-File Format" (The MathWorks): a header of 128 bytes, then elements of a type, a size and
data padded to 8 bytes; a matrix is an element made of elements, a compressed one is a zlib stream.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from rushlight.utils.data.arrays import Array

HEADER = 128
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8",
           13: "u8", 16: "u1", 17: "u2", 18: "u4"}  # fmt: skip
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, OBJECT, CHAR, SPARSE = 1, 2, 3, 4, 5
# What a class of matrix is in NumPy; the data may be stored in fewer bytes.
CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8",
           15: "u8"}  # fmt: skip
DEEPEST = 32
LARGEST = 1 << 34  # bytes that a compressed element may unpack to


class MatError(RuntimeError):
    """The file is damaged, or holds what data sets do not."""


@final
@dataclass(frozen=True)
class Sparse:
    """A matrix of which most is 0: the places and values of the rest."""

    shape: tuple[int, int]
    rows: Array
    columns: Array
    values: Array

    def dense(self) -> Array:
        """All of it."""
        full = np.zeros(self.shape, self.values.dtype)
        full[self.rows, self.columns] = self.values
        return full


@final
class _Reader:
    """The elements in some bytes, one after another."""

    def __init__(self, data: bytes | memoryview, order: str) -> None:
        self.data = memoryview(data)
        self.order = order
        self.place = 0

    @property
    def ended(self) -> bool:
        return self.place >= len(self.data)

    def element(self) -> tuple[int, memoryview]:
        """(type, data) of the next element."""
        if self.place + 8 > len(self.data):
            raise MatError("an element is missing")
        kind, size = struct.unpack_from(f"{self.order}II", self.data, self.place)
        if kind >> 16:  # the short form: size, type and up to four bytes in one
            kind, size = kind & 0xFFFF, kind >> 16
            start, self.place = self.place + 4, self.place + 8
            if size > 4:
                raise MatError("a short element is too long")
        else:
            start = self.place + 8
            # All but compressed elements are padded.
            self.place = start + (size if kind == COMPRESSED else (size + 7) // 8 * 8)
        if start + size > len(self.data):
            raise MatError(f"an element says {size} bytes where {len(self.data) - start} are left")
        return kind, self.data[start : start + size]

    def numbers(self) -> Array:
        kind, data = self.element()
        code = NUMBERS.get(kind)
        if code is None:
            raise MatError(f"numbers of type {kind} are not known")
        dtype = np.dtype(self.order + code)
        if len(data) % dtype.itemsize:
            raise MatError("an array ends within a number")
        return np.frombuffer(data, dtype)

    def matrix(self, depth: int = 0) -> tuple[str, Any]:
        """(name, value) of the next element, which is a matrix."""
        kind, data = self.element()
        if kind != MATRIX:
            raise MatError(f"expected a matrix, found an element of type {kind}")
        if depth > DEEPEST:
            raise MatError("it is nested too deeply")
        if not len(data):
            return "", np.empty((0, 0))
        inside = _Reader(data, self.order)
        flags = inside.numbers()
        shape = tuple(int(each) for each in inside.numbers())
        name = inside.numbers().tobytes().decode("ascii", "replace")
        if not len(flags) or any(each < 0 for each in shape):
            raise MatError("a matrix has no class or a negative size")
        return name, inside.contents(int(flags[0]), shape, depth)

    def contents(self, flags: int, shape: tuple[int, ...], depth: int) -> Any:
        kind = flags & 0xFF
        count = 1
        for each in shape:
            count *= each
        if kind == CHAR:
            codes = self.numbers()
            return "".join(map(chr, codes.tolist()))
        if kind == CELL:
            return self._objects(
                [self.matrix(depth + 1)[1] for _ in range(self._fits(count))], shape
            )
        if kind == STRUCT:
            length = int(self.numbers()[0])
            names = self.numbers().tobytes()
            if length < 1 or len(names) % length:
                raise MatError("a struct's names are damaged")
            fields = [
                names[at : at + length].partition(b"\0")[0].decode("ascii", "replace")
                for at in range(0, len(names), length)
            ]
            self._fits(count * len(fields))
            records = [{field: self.matrix(depth + 1)[1] for field in fields} for _ in range(count)]
            return self._objects(records, shape)
        if kind == SPARSE and len(shape) == 2 and not flags & 0x800:
            return self._sparse((shape[0], shape[1]))
        if kind not in CLASSES or flags & 0x800:
            raise MatError(f"a matrix of class {kind} is not among a data set's")
        values = self.numbers()
        if values.size != count:
            raise MatError(f"a matrix of {shape} has {values.size} numbers")
        return values.reshape(shape, order="F").astype(CLASSES[kind], copy=False)

    def _sparse(self, shape: tuple[int, int]) -> Sparse:
        rows, starts, values = self.numbers(), self.numbers(), self.numbers()
        counts = np.diff(starts.astype(np.int64))
        fits = len(starts) == shape[1] + 1 and starts[0] == 0 and (counts >= 0).all()
        count = int(starts[-1]) if fits else -1
        rows = rows[:count].astype(np.int64)  # behind them may be room that is not used
        if (
            not 0 <= count <= len(values)
            or len(rows) != count
            or (count and not (rows.min() >= 0 and rows.max() < shape[0]))
        ):
            raise MatError(f"a sparse matrix of {shape} has places outside of it")
        return Sparse(shape, rows, np.repeat(np.arange(shape[1]), counts), values[:count])

    def _fits(self, count: int) -> int:
        """``count``, if so many elements can be in what is left."""
        if count * 8 > len(self.data) - self.place:
            raise MatError(f"{count} elements are said to be in {len(self.data)} bytes")
        return count

    @staticmethod
    def _objects(items: list[Any], shape: tuple[int, ...]) -> Array:
        result = np.empty(len(items), object)
        result[:] = items
        return result.reshape(shape, order="F")


def _unpacked(data: memoryview) -> bytes:
    unpacker = zlib.decompressobj()
    result = unpacker.decompress(data, LARGEST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise MatError("a compressed element is cut short or too large")
    return result


def read_mat(path: str | Path) -> dict[str, Any]:
    """Name -> array, text, or Sparse, or object array of dicts (structs) and values (cells).

    Raises RuntimeError, naming the file, if it is damaged or of another version.
    """
    data = Path(path).read_bytes()
    try:
        if len(data) < HEADER or data[126:128] not in (b"IM", b"MI"):
            raise MatError("it has no header of version 5")
        order = "<" if data[126:128] == b"IM" else ">"
        reader = _Reader(memoryview(data)[HEADER:], order)
        found: dict[str, Any] = {}
        while not reader.ended:
            start = reader.place
            kind, content = reader.element()
            if kind == COMPRESSED:
                name, value = _Reader(_unpacked(content), order).matrix()
            else:
                reader.place = start
                name, value = reader.matrix()
            found[name] = value
    except (MatError, zlib.error, struct.error, ValueError, OverflowError, IndexError) as error:
        raise RuntimeError(f"{path} cannot be read as a .mat file: {error}") from error
    return found
