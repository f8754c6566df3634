"""torchaudio.load, save and info: WAV files by ourselves, other formats through soundfile."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.audio import wav
from rushlight.serialization.atomic import atomic_writer
from rushlight.tensor import Tensor, from_numpy

SUBTYPES = {
    "PCM_S8": ("PCM_S", 8), "PCM_16": ("PCM_S", 16), "PCM_24": ("PCM_S", 24),
    "PCM_32": ("PCM_S", 32), "PCM_U8": ("PCM_U", 8), "FLOAT": ("PCM_F", 32),
    "DOUBLE": ("PCM_F", 64), "ULAW": ("ULAW", 8), "ALAW": ("ALAW", 8), "VORBIS": ("VORBIS", 0),
    "OPUS": ("OPUS", 0), "MPEG_LAYER_III": ("MP3", 0),
}  # fmt: skip
# What a tensor of each dtype becomes in a WAV file, unless something else is asked for.
NATURAL = {
    "uint8": (wav.PCM, 8), "int16": (wav.PCM, 16), "int32": (wav.PCM, 32),
    "float32": (wav.FLOAT, 32), "float64": (wav.FLOAT, 64),
}  # fmt: skip


@dataclass
class AudioMetaData:
    """What ``info`` returns."""

    sample_rate: int
    num_frames: int
    num_channels: int
    bits_per_sample: int
    encoding: str


def list_audio_backends() -> list[str]:
    """Which packages read files here beside our own WAV reader."""
    return ["soundfile"] if find_spec("soundfile") is not None else []


def _soundfile(what: str) -> Any:
    try:
        import soundfile
    except ImportError as error:
        raise ImportError(
            f"torchaudio: {what} needs the package soundfile (pip install 'rushlight[audio]'); "
            "without it, linear PCM and float WAV files are read and written"
        ) from error
    return soundfile


@contextmanager
def _opened(uri: Any) -> Iterator[tuple[Any, int]]:
    """The binary file and its size."""
    if isinstance(uri, (str, os.PathLike)):
        with Path(uri).expanduser().open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
        return
    if not (hasattr(uri, "read") and hasattr(uri, "seek")):
        raise TypeError(f"a path or a seekable binary file is needed, got {type(uri).__name__}")
    size = uri.seek(0, os.SEEK_END)
    uri.seek(0)
    yield uri, size


def _wav_format(file: Any, size: int, name: object) -> wav.WavFormat | None:
    """The format of a WAV file that we read ourselves; None leaves the file to soundfile."""
    head = file.read(12)
    file.seek(0)
    if not wav.is_wav(head):
        return None
    try:
        return wav.read_format(file, size)
    except wav.UnknownEncoding:
        file.seek(0)
        return None
    except RuntimeError as error:
        raise RuntimeError(f"{name}: {error}") from error


def load(
    uri: Any,
    frame_offset: int = 0,
    num_frames: int = -1,
    normalize: bool = True,
    channels_first: bool = True,
    format: str | None = None,
    buffer_size: int = 4096,
    backend: str | None = None,
) -> tuple[Tensor, int]:
    """(samples, sample rate) of a path or a seekable binary file.

    Samples are (channels, frames), or (frames, channels) with ``channels_first=False``; float32 in
    -1 to 1, or as stored with ``normalize=False`` (WAV only; 24 bits are float32 always).
    ``format``, ``buffer_size`` and ``backend`` are accepted: the file itself says what it is.
    Raises RuntimeError for a damaged file, ImportError where a format needs soundfile.

    >>> samples, rate = load("speech.wav")  # doctest: +SKIP
    """
    if frame_offset < 0:
        raise RuntimeError(f"Invalid frame_offset: {frame_offset}; it must be 0 or more")
    if num_frames == 0 or num_frames < -1:
        raise RuntimeError(f"Invalid num_frames: {num_frames}; it must be -1 or more than 0")
    with _opened(uri) as (file, size):
        found = _wav_format(file, size, uri)
        if found is None:
            samples, rate = _load_foreign(file, frame_offset, num_frames, normalize)
        else:
            samples = wav.read_samples(file, found, frame_offset, num_frames)
            rate = found.sample_rate
            if normalize or found.bits == 24:
                samples = wav.to_float32(samples)
    if channels_first:
        samples = samples.T
    return from_numpy(np.array(samples, order="C", dtype=samples.dtype.newbyteorder("="))), rate


def _load_foreign(
    file: Any, frame_offset: int, num_frames: int, normalize: bool
) -> tuple[wav.Samples, int]:
    soundfile = _soundfile("this file's format")
    try:
        with soundfile.SoundFile(file) as sound:
            sound.seek(min(frame_offset, sound.frames))
            samples = sound.read(num_frames, dtype="float32", always_2d=True)
            return samples, int(sound.samplerate)
    except soundfile.SoundFileError as error:
        raise RuntimeError(f"Failed to open the input: {error}") from error


def info(
    uri: Any, format: str | None = None, buffer_size: int = 4096, backend: str | None = None
) -> AudioMetaData:
    """What the head of a sound file says."""
    with _opened(uri) as (file, size):
        found = _wav_format(file, size, uri)
        if found is not None:
            return AudioMetaData(
                found.sample_rate, found.frames, found.channels, found.bits, found.encoding
            )
        soundfile = _soundfile("this file's format")
        with soundfile.SoundFile(file) as sound:
            encoding, bits = SUBTYPES.get(sound.subtype, ("UNKNOWN", 0))
            if sound.format == "FLAC":
                encoding = "FLAC"
            return AudioMetaData(sound.samplerate, sound.frames, sound.channels, bits, encoding)


def save(
    uri: Any,
    src: Tensor,
    sample_rate: int,
    channels_first: bool = True,
    format: str | None = None,
    encoding: str | None = None,
    bits_per_sample: int | None = None,
    buffer_size: int = 4096,
    backend: str | None = None,
    compression: Any = None,
) -> None:
    """Write samples (channels, frames), or (frames, channels), to a path or binary file.

    The format is that of the name's ending, or ``format``. A WAV file holds what the tensor's
    dtype says (float32: floats of 32 bits), unless ``encoding`` (PCM_S, PCM_U, PCM_F) and
    ``bits_per_sample`` say otherwise. A path is replaced at once or not at all. Raises ValueError
    for a tensor that is not 2-D or an encoding that the format does not have.

    >>> import rushlight as torch
    >>> save("tone.wav", torch.zeros(1, 16000), 16000)  # doctest: +SKIP
    """
    if src.ndim != 2:
        raise ValueError(f"Expected 2D Tensor, got {src.ndim}D.")
    is_path = isinstance(uri, (str, os.PathLike))
    kind = (format or (Path(uri).suffix.lstrip(".") if is_path else "")).lower()
    if not kind:
        raise RuntimeError("torchaudio.save: give format= where the name has no ending")
    samples = src.detach().numpy()
    samples = np.ascontiguousarray(samples.T if channels_first else samples)
    if kind == "wav" and encoding not in ("ULAW", "ALAW"):
        data = wav.encode(samples, int(sample_rate), *_wav_kind(samples, encoding, bits_per_sample))
    else:
        data = _foreign(samples, int(sample_rate), kind, encoding, bits_per_sample)
    if not is_path:
        uri.write(data)
        return
    with atomic_writer(Path(uri).expanduser()) as file:
        rest = memoryview(data)
        while len(rest):
            rest = rest[file.write(rest) :]


def _wav_kind(samples: wav.Samples, encoding: str | None, bits: int | None) -> tuple[int, int]:
    """(format tag, bits) of a WAV file."""
    if encoding is None:
        if bits is not None:
            kind = (wav.PCM, bits)
        elif samples.dtype.name in NATURAL:
            kind = NATURAL[samples.dtype.name]
        else:
            raise ValueError(f"Unsupported dtype for wav: {samples.dtype.name}")
    elif encoding == "PCM_S":
        if bits == 8:
            raise ValueError("wav does not support 8-bit signed PCM encoding.")
        kind = (wav.PCM, bits or 32)
    elif encoding == "PCM_U":
        if bits not in (None, 8):
            raise ValueError("wav only supports 8-bit unsigned PCM encoding.")
        kind = (wav.PCM, 8)
    elif encoding == "PCM_F":
        if bits not in (None, 32, 64):
            raise ValueError("wav only supports 32/64-bit float PCM encoding.")
        kind = (wav.FLOAT, bits or 32)
    else:
        raise ValueError(f"wav does not support {encoding}.")
    if kind not in wav.TYPES:
        raise ValueError(f"wav does not support {kind[1]} bits per sample")
    return kind


def _foreign(
    samples: wav.Samples, sample_rate: int, kind: str, encoding: str | None, bits: int | None
) -> bytes:
    soundfile = _soundfile(f"writing {kind} files")
    subtype = next(
        (name for name, each in SUBTYPES.items()
         if each[0] == (encoding or "PCM_S") and each[1] == (bits or each[1])), None
    ) if encoding or bits else None  # fmt: skip
    buffer = io.BytesIO()
    buffer.name = f"x.{kind}"
    soundfile.write(buffer, samples, sample_rate, subtype=subtype, format=kind.upper())
    return buffer.getvalue()
