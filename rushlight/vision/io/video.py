"""Films through PyAV, which brings FFmpeg: ``pip install 'rushlight[video]'``."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms.convert import detached_array

FORMATS = ("THWC", "TCHW")


@functools.cache
def video_module() -> Any:
    """``av``. Raises ImportError that says how to get it."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            "films need PyAV, which is not installed: pip install 'rushlight[video]' "
            "(or pip install av)"
        ) from error
    return av


def checked_format(output_format: str) -> str:
    """THWC or TCHW. Raises ValueError for others."""
    name = output_format.upper()
    if name not in FORMATS:
        raise ValueError(f"output_format should be either 'THWC' or 'TCHW', got {output_format}.")
    return name


@contextmanager
def opened(path: str | Path) -> Iterator[Any]:
    """The film at a path. Raises RuntimeError, naming it, where it is not there or damaged."""
    av = video_module()
    if not Path(path).exists():
        raise RuntimeError(f"File not found: {os.fspath(path)}")
    try:
        with av.open(os.fspath(path), metadata_errors="ignore") as container:
            yield container
    except av.FFmpegError as error:
        raise RuntimeError(f"{os.fspath(path)} is not a film that can be read: {error}") from error


def stacked(frames: list[Array], output_format: str) -> Tensor:
    """Pictures (H, W, 3) as one tensor in the format; (0, 1, 1, 3) of none."""
    film = np.stack(frames) if frames else np.zeros((0, 1, 1, 3), np.uint8)  # (T, H, W, C)
    if output_format == "TCHW":
        film = np.ascontiguousarray(film.transpose(0, 3, 1, 2))
    return wrap(film)


def frame_count(path: str | Path) -> tuple[int, float | None]:
    """How many pictures a film has, and how many a second; (0, None) without any.

    They are counted, not decoded.
    """
    with opened(path) as container:
        if not container.streams.video:
            return 0, None
        stream = container.streams.video[0]
        count = sum(1 for packet in container.demux(stream) if packet.size)
        return count, float(stream.average_rate)


def frames_at(path: str | Path, first: int, places: Array, output_format: str) -> Tensor:
    """The pictures ``first + places`` (ascending), counted from the start of the film."""
    with opened(path) as container:
        last = first + int(places[-1])
        run = itertools.islice(container.decode(video=0), first, last + 1)
        wanted = {int(place) for place in places}
        kept = {
            place: frame.to_ndarray(format="rgb24")
            for place, frame in enumerate(run)
            if place in wanted
        }
    if len(kept) < len(wanted):
        raise RuntimeError(f"{os.fspath(path)}: the film ends before picture {last}")
    return stacked([kept[int(place)] for place in places], output_format)


def sound_between(path: str | Path, start: float, stop: float) -> Tensor:
    """Samples (K, L) float32 of the seconds [start, stop); (1, 0) of a silent film."""
    with opened(path) as container:
        if not container.streams.audio:
            return wrap(np.zeros((1, 0), np.float32))
        av, rate = video_module(), container.streams.audio[0].rate
        resampler = av.AudioResampler(format="fltp")
        pieces, first = [], None
        for frame in container.decode(audio=0):
            if frame.time is not None and frame.time >= stop:
                break
            if first is None:
                first = frame.time or 0.0
            pieces += [each.to_ndarray() for each in resampler.resample(frame)]
    if not pieces:
        return wrap(np.zeros((1, 0), np.float32))
    samples = np.concatenate(pieces, axis=1)
    begin, end = (max(0, round((time - (first or 0.0)) * rate)) for time in (start, stop))
    return wrap(np.ascontiguousarray(samples[:, begin:end], np.float32))


def _in_units(time: float | Fraction, pts_unit: str, base: Fraction) -> Fraction:
    """A time in seconds; of "pts" it counts the stream's ``base``."""
    return Fraction(time) * base if pts_unit == "pts" else Fraction(time)


def _read(container: Any, stream: Any, start: Any, end: Any, pts_unit: str) -> list[Any]:
    """Frames shown from ``start`` to ``end``, in the order in which they are shown."""
    base = stream.time_base
    first = _in_units(start, pts_unit, base)
    last = None if end is None else _in_units(end, pts_unit, base)
    container.seek(0)
    frames = [frame for frame in container.decode(stream) if frame.pts is not None]
    frames.sort(key=lambda frame: frame.pts)
    times = [frame.pts * base for frame in frames]
    return [
        frame
        for frame, time in zip(frames, times, strict=True)
        if time >= first and (last is None or time <= last)
    ]


def read_video(
    filename: str | Path,
    start_pts: float | Fraction = 0,
    end_pts: float | Fraction | None = None,
    pts_unit: str = "pts",
    output_format: str = "THWC",
) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """(pictures (T, H, W, 3) uint8, sound (K, L), {"video_fps", "audio_fps"}) of a film.

    Both are from ``start_pts`` to ``end_pts``, the ends among them, in seconds (``pts_unit="sec"``)
    or in the stream's own units. Raises RuntimeError where there is no such film.
    """
    kind = checked_format(output_format)
    if end_pts is not None and end_pts < start_pts:
        raise ValueError(
            "end_pts should be larger than start_pts, got "
            f"start_pts={start_pts} and end_pts={end_pts}"
        )
    facts: dict[str, Any] = {}
    pictures, sound = [], np.zeros((1, 0), np.float32)
    with opened(filename) as container:
        if container.streams.video:
            stream = container.streams.video[0]
            shown = _read(container, stream, start_pts, end_pts, pts_unit)
            pictures = [frame.to_ndarray(format="rgb24") for frame in shown]
            facts["video_fps"] = float(stream.average_rate)
        if container.streams.audio:
            stream = container.streams.audio[0]
            heard = _read(container, stream, start_pts, end_pts, pts_unit)
            resampler = video_module().AudioResampler(format="fltp")
            pieces = [each.to_ndarray() for frame in heard for each in resampler.resample(frame)]
            sound = np.concatenate(pieces, axis=1) if pieces else sound
            facts["audio_fps"] = stream.rate
    return stacked(pictures, kind), wrap(np.ascontiguousarray(sound, np.float32)), facts


def read_video_timestamps(
    filename: str | Path, pts_unit: str = "pts"
) -> tuple[list[Any], float | None]:
    """When each picture is shown, in the stream's units or as fractions of seconds, and the rate.

    ([], None) of a file without pictures.
    """
    with opened(filename) as container:
        if not container.streams.video:
            return [], None
        stream = container.streams.video[0]
        units = sorted(p.pts for p in container.demux(stream) if p.pts is not None and p.size)
        rate = float(stream.average_rate)
        base = stream.time_base
    return [unit * base for unit in units] if pts_unit == "sec" else units, rate


def write_video(
    filename: str | Path,
    video_array: Tensor,
    fps: float,
    video_codec: str = "libx264",
    options: dict[str, Any] | None = None,
    audio_array: Tensor | None = None,
    audio_fps: float | None = None,
    audio_codec: str | None = None,
    audio_options: dict[str, Any] | None = None,
) -> None:
    """Pictures (T, H, W, 3) of 0 to 255, and sound (K, L), as a film.

    ``options`` go to the encoder. Raises ValueError for another shape.
    """
    av = video_module()
    film = detached_array(video_array)
    if film.ndim != 4 or film.shape[-1] != 3:
        raise ValueError(f"write_video: video_array should be (T, H, W, 3), got {film.shape}")
    rate = fps if isinstance(fps, float) and not fps.is_integer() else int(fps)
    with av.open(os.fspath(filename), mode="w") as container:
        exact = Fraction(rate).limit_denominator(1001)
        stream = container.add_stream(video_codec, rate=exact, options=options or {})
        stream.width, stream.height = film.shape[2], film.shape[1]
        stream.pix_fmt = "rgb24" if video_codec == "libx264rgb" else "yuv420p"
        spoken = None
        if audio_array is not None:
            samples = np.ascontiguousarray(detached_array(audio_array), np.float32)  # (K, L)
            layout = {1: "mono", 2: "stereo"}[samples.shape[0]]
            rate = int(audio_fps or 0)
            chosen = audio_options or {}
            spoken = container.add_stream(audio_codec, rate=rate, layout=layout, options=chosen)
        for picture in film.astype(np.uint8):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if spoken is not None:
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
            frame.sample_rate = rate
            container.mux(spoken.encode(frame))
            container.mux(spoken.encode())
