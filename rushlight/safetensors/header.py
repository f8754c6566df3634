"""The header of a safetensors file: written, and read without trusting it."""

from __future__ import annotations

import json
import math
import struct
from typing import Any, final

from rushlight.base.record import Record
from rushlight.serialization.brief import brief

LARGEST_HEADER = 100_000_000
METADATA = "__metadata__"
# Name -> (our dtype, bytes), in the order in which a file holds them backwards: wide ones first.
DTYPES: dict[str, tuple[str, int]] = {
    "BOOL": ("bool", 1), "U8": ("uint8", 1), "I8": ("int8", 1), "F8_E5M2": ("float8_e5m2", 1),
    "F8_E4M3": ("float8_e4m3fn", 1), "F8_E8M0": ("float8_e8m0fnu", 1),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 1), "F8_E5M2FNUZ": ("float8_e5m2fnuz", 1),
    "I16": ("int16", 2), "U16": ("uint16", 2), "F16": ("float16", 2), "BF16": ("bfloat16", 2),
    "I32": ("int32", 4), "U32": ("uint32", 4), "F32": ("float32", 4), "C64": ("complex64", 8),
    "F64": ("float64", 8), "I64": ("int64", 8), "U64": ("uint64", 8),
}  # fmt: skip
NAMES = {ours: name for name, (ours, _) in DTYPES.items()}
RANKS = {name: rank for rank, name in enumerate(DTYPES)}


class SafetensorError(Exception):
    """A file that is no safetensors file, or damaged, or does not hold what was asked for."""


@final
class Entry(Record):
    """One tensor of a file; ``start`` and ``stop`` count from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@final
class Header(Record):
    """What a file holds: entries in the order of their places."""

    metadata: dict[str, str] | None
    entries: dict[str, Entry]
    length: int  # of the header with the eight bytes before it


def _broken(why: str) -> SafetensorError:
    return SafetensorError(f"Error while deserializing header: {why}")


def header_length(start: bytes, size: int) -> int:
    """How long the header is, by a file's first eight bytes and its size."""
    if len(start) < 8:
        raise _broken("header too small")
    length: int = struct.unpack("<Q", start)[0]
    if length > LARGEST_HEADER:
        raise _broken("header too large")
    if 8 + length > size:
        raise _broken("invalid header length")
    return length


def parse(text: bytes, size: int) -> Header:
    """The header of a file of ``size`` bytes.

    Raises SafetensorError unless the tensors fill the file exactly, one behind the other.
    """
    try:
        raw = json.loads(text.decode("utf-8"), object_pairs_hook=_pairs)
    except UnicodeDecodeError as error:
        raise _broken(f"invalid UTF-8 in header: {error}") from error
    except (ValueError, RecursionError) as error:
        raise _broken(f"invalid JSON in header: {error}") from error
    if not isinstance(raw, dict):
        raise _broken(f"invalid JSON in header: {brief(raw)} where names of tensors should be")
    metadata = raw.pop(METADATA, None)
    if metadata is not None and not (
        isinstance(metadata, dict) and all(isinstance(each, str) for each in metadata.values())
    ):
        raise _broken("invalid JSON in header: the metadata must be strings by name")
    entries = {name: _entry(name, fields) for name, fields in raw.items()}
    ordered = sorted(entries.items(), key=lambda item: (item[1].start, item[1].stop))
    end = 0
    for name, entry in ordered:
        if entry.start != end or entry.stop < entry.start:
            raise _broken(f"invalid offset for tensor `{name[:80]}`")
        end = entry.stop
    if 8 + len(text) + end != size:
        raise _broken("incomplete metadata, file not fully covered")
    return Header(metadata, dict(ordered), 8 + len(text))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands there twice")
    return made


def _entry(name: str, fields: Any) -> Entry:
    if not isinstance(fields, dict) or not {"dtype", "shape", "data_offsets"} <= fields.keys():
        raise _broken(f"invalid JSON in header: `{name[:80]}` needs dtype, shape, data_offsets")
    dtype, shape, place = fields["dtype"], fields["shape"], fields["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise _broken(f"invalid JSON in header: unknown dtype {brief(dtype)} of `{name[:80]}`")
    numbers = [*shape, *place] if isinstance(shape, list) and isinstance(place, list) else [None]
    if not all(type(each) is int and 0 <= each < 1 << 64 for each in numbers) or len(place) != 2:
        raise _broken(f"invalid JSON in header: shape or place of `{name[:80]}`")
    count = 1
    for each in shape:  # not math.prod: a long list of large numbers would take long
        count *= each
        if count >= 1 << 64:
            raise _broken("overflow computing buffer size from shape and/or element type")
    if count * DTYPES[dtype][1] != place[1] - place[0]:
        if place[1] < place[0]:
            raise _broken(f"invalid offset for tensor `{name[:80]}`")
        raise _broken("invalid shape, data type, or offset for tensor")
    return Entry(dtype, tuple(shape), place[0], place[1])


def build(
    tensors: dict[str, tuple[str, tuple[int, ...]]], metadata: dict[str, str] | None
) -> tuple[bytes, list[str]]:
    """The start of a file for tensors of (dtype, shape), and the order of their elements in it.

    Wide dtypes come first, so that each tensor lies on a multiple of its element's size.
    """
    order = sorted(tensors, key=lambda name: (-RANKS[tensors[name][0]], name))
    content: dict[str, Any] = {}
    if metadata is not None:
        for key, value in metadata.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError(f"metadata must be str by str, got {key!r}: {type(value).__name__}")
        content[METADATA] = metadata
    end = 0
    for name in order:
        dtype, shape = tensors[name]
        start, end = end, end + math.prod(shape) * DTYPES[dtype][1]
        content[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text, order
