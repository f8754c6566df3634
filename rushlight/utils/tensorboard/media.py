"""Sound, moving pictures and pictures with boxes on them, encoded as TensorBoard shows them."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorboard.compat.proto.summary_pb2 import Summary

from rushlight.base.warn import warn
from rushlight.utils.tensorboard.arrays import Array, array_of, bytes_of, channels_last


def audio(tag: str, sound: Any, sample_rate: int) -> Any:
    """One channel of samples from -1 to 1 as a WAV of 16 bits; louder ones are cut off."""
    samples = array_of(sound).squeeze()
    if abs(samples).max() > 1:
        warn("add_audio: samples beyond -1 to 1 are cut off", UserWarning)
    if samples.ndim != 1:
        raise AssertionError("input tensor should be 1 dimensional.")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    made = Summary.Audio(
        sample_rate=sample_rate, num_channels=1, length_frames=len(samples),
        encoded_audio_string=stream.getvalue(), content_type="audio/wav",
    )  # fmt: skip
    return Summary(value=[Summary.Value(tag=tag, audio=made)])


def video(tag: str, films: Any, fps: float) -> Any:
    """(N, T, C, H, W) as one GIF: the films side by side, in 2**k of them.

    PyTorch needs moviepy for it; here it is Pillow that writes the GIF.
    """
    from PIL import Image

    frames = bytes_of(_side_by_side(array_of(films)))
    pictures = [Image.fromarray(np.repeat(each, 3, 2) if each.shape[2] == 1 else each)
                for each in frames]  # fmt: skip
    stream = io.BytesIO()
    pictures[0].save(
        stream, "GIF", save_all=True, append_images=pictures[1:], duration=1000 / fps, loop=0
    )
    _, height, width, channels = frames.shape
    made = Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=stream.getvalue()
    )
    return Summary(value=[Summary.Value(tag=tag, image=made)])


def _side_by_side(films: Array) -> Array:
    """(N, T, C, H, W) -> (T, rows * H, columns * W, C), black where N is no power of two."""
    count, frames, channels, height, width = films.shape
    room = 1 << (count - 1).bit_length()
    canvas = np.zeros((room, *films.shape[1:]), films.dtype)
    canvas[:count] = films
    rows = 1 << (room.bit_length() - 1) // 2
    tiles = canvas.reshape(rows, room // rows, frames, channels, height, width)
    return tiles.transpose(2, 0, 4, 1, 5, 3).reshape(
        frames, rows * height, room // rows * width, channels
    )


def image_with_boxes(
    tag: str, picture: Any, boxes: Any, rescale: float, dataformats: str, labels: Any
) -> Any:
    """A picture with red rectangles (left, top, right, bottom) and a name above each."""
    from PIL import Image

    corners = array_of(boxes)
    drawn = Image.fromarray(bytes_of(channels_last(array_of(picture), dataformats)))
    names: Sequence[str] = [labels] if isinstance(labels, str) else labels or ()
    if names and len(names) != len(corners):
        warn(f"add_image_with_boxes: {len(names)} labels for {len(corners)} boxes are left out",
             UserWarning)  # fmt: skip
        names = ()
    for place, corner in enumerate(corners):
        _draw(drawn, [float(each) for each in corner], names[place] if names else "")
    width, height = (int(size * rescale) for size in drawn.size)
    if rescale != 1:
        drawn = drawn.resize((width, height), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    drawn.save(stream, format="PNG")
    made = Summary.Image(
        height=height, width=width, colorspace=len(drawn.getbands()),
        encoded_image_string=stream.getvalue(),
    )  # fmt: skip
    return Summary(value=[Summary.Value(tag=tag, image=made)])


def _draw(picture: Any, corner: list[float], name: str) -> None:
    """One rectangle, two pixels wide, and the name in black on red at its lower left."""
    from PIL import ImageDraw, ImageFont

    pen = ImageDraw.Draw(picture)
    left, top, right, bottom = corner
    around = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    pen.line(around, width=2, fill="Red")
    if name:
        font: Any = ImageFont.load_default()
        _, _, width, height = font.getbbox(name)
        margin = math.ceil(0.05 * height)
        pen.rectangle([(left, bottom - height - 2 * margin), (left + width, bottom)], fill="Red")
        pen.text((left + margin, bottom - height - margin), name, fill="black", font=font)
