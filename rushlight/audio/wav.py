"""WAV files: linear PCM of 8 to 32 bits and floats, read and written with nothing but NumPy.

The format: Microsoft and IBM, "Multimedia Programming Interface and Data Specifications 1.0".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO, final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[Any]

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
# (format tag, bits) -> the samples' type in the file; 24 bits have none.
TYPES = {
    (PCM, 8): "u1", (PCM, 16): "<i2", (PCM, 24): None, (PCM, 32): "<i4", (FLOAT, 32): "<f4",
    (FLOAT, 64): "<f8",
}  # fmt: skip
MOST_BYTES = 0xFFFFFFFF


class UnknownEncoding(ValueError):
    """A WAV file whose samples are packed in a way that is not read here (mu-law, ADPCM ...)."""


@final
@dataclass(frozen=True)
class WavFormat:
    """What the head of a file says, and where its samples are."""

    tag: int
    channels: int
    sample_rate: int
    bits: int
    start: int  # of the samples, in bytes
    frames: int

    @property
    def encoding(self) -> str:
        """torchaudio's name of the encoding."""
        return "PCM_F" if self.tag == FLOAT else "PCM_U" if self.bits == 8 else "PCM_S"


def is_wav(head: bytes) -> bool:
    """Whether a file that starts with these 12 bytes is a WAV file."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def read_format(file: BinaryIO, size: int) -> WavFormat:
    """The head of the file, which has ``size`` bytes.

    Raises RuntimeError if it is damaged, UnknownEncoding if the samples are packed otherwise.
    """
    if not is_wav(file.read(12)):
        raise RuntimeError("not a WAV file: it does not start with RIFF ... WAVE")
    place, layout = 12, None
    while place + 8 <= size:
        file.seek(place)
        name, length = struct.unpack("<4sI", file.read(8))
        place += 8
        if name == b"fmt ":
            layout = _layout(file.read(min(length, 40)))
        elif name == b"data":
            if layout is None:
                raise RuntimeError("the WAV file is damaged: samples before their format")
            # A program that was killed leaves a length of 0 or of nearly all.
            length = min(length or size, size - place)
            tag, channels, rate, bits = layout
            return WavFormat(tag, channels, rate, bits, place, length // (channels * bits // 8))
        place += length + length % 2
    raise RuntimeError("the WAV file is damaged: it ends before its samples")


def _layout(head: bytes) -> tuple[int, int, int, int]:
    if len(head) < 16:
        raise RuntimeError("the WAV file is damaged: its format chunk is too short")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", head)
    if tag == EXTENSIBLE and len(head) >= 26:
        tag = struct.unpack_from("<H", head, 24)[0]
    if (tag, bits) not in TYPES:
        raise UnknownEncoding(f"WAV samples of {bits} bits in format {tag:#x}")
    if channels == 0 or block != channels * bits // 8:
        raise RuntimeError(
            f"the WAV file is damaged: {channels} channels of {bits} bits in {block} bytes"
        )
    return tag, channels, rate, bits


def read_samples(file: BinaryIO, wav: WavFormat, offset: int, frames: int) -> Samples:
    """``frames`` frames (-1: all the rest) from ``offset`` on: (frames, channels), as stored.

    24 bits come as int32, in its upper three bytes.
    """
    offset = min(offset, wav.frames)
    count = wav.frames - offset if frames < 0 else min(frames, wav.frames - offset)
    width = wav.bits // 8
    file.seek(wav.start + offset * wav.channels * width)
    data = file.read(count * wav.channels * width)
    if wav.bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1, wav.channels)
    return np.frombuffer(data, TYPES[wav.tag, wav.bits]).reshape(-1, wav.channels)


def to_float32(samples: Samples) -> npt.NDArray[np.float32]:
    """Samples in -1 to 1, as libsndfile scales them: integers by their largest power of two."""
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128)) / np.float32(128)
    return samples.astype(np.float32) / np.float32(2 ** (8 * samples.dtype.itemsize - 1))


def to_integers(samples: Samples, bits: int) -> Samples:
    """Samples as they are stored in ``bits`` bits: int16 for 16, uint8 for 8, else int32.

    Floats are clipped to -1 to 1; what has more bits is cut off, as libsndfile does it.
    """
    if samples.dtype.kind == "f":
        scaled = np.rint(np.clip(samples.astype(np.float64), -1.0, 1.0) * 2.0**31)
        wide = np.minimum(scaled, 2**31 - 1).astype(np.int64)
    elif samples.dtype == np.uint8:
        wide = (samples.astype(np.int64) - 128) << 24
    else:
        wide = samples.astype(np.int64) << (32 - 8 * samples.dtype.itemsize)
    if bits == 8:
        return ((wide >> 24) + 128).astype(np.uint8)
    return (wide >> 16).astype(np.int16) if bits == 16 else wide.astype(np.int32)


def encode(samples: Samples, sample_rate: int, tag: int, bits: int) -> bytes:
    """A whole file of samples (frames, channels). Raises ValueError if it is over 4 GiB."""
    if tag == FLOAT:
        data = samples.astype(TYPES[tag, bits]).tobytes()
    else:
        stored = to_integers(samples, bits)
        if bits == 24:
            data = stored.astype("<i4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
        else:
            data = stored.astype(TYPES[tag, bits]).tobytes()
    channels = samples.shape[1]
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * block, block, bits)
    fact = b"" if tag == PCM else struct.pack("<4sII", b"fact", 4, len(samples))
    size = 4 + 8 + len(head) + len(fact) + 8 + len(data) + len(data) % 2
    if size > MOST_BYTES:
        raise ValueError(f"a WAV file holds at most 4 GiB, the samples need {size} bytes")
    return (
        struct.pack("<4sI4s4sI", b"RIFF", size, b"WAVE", b"fmt ", len(head)) + head + fact
        + struct.pack("<4sI", b"data", len(data)) + data + b"\0" * (len(data) % 2)
    )  # fmt: skip
