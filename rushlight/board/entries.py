"""What waits in a journal: numbers that may not have been computed yet, pictures, histograms."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.board.picture import png
from rushlight.engine.trace import local
from rushlight.engine.value import Value
from rushlight.tensor import Tensor
from rushlight.tensor.modes import no_grad

Array = np.ndarray[Any, Any]


def number(name: str, value: Any) -> float | Value:
    """What is logged under ``name``: a number, or where it will be once it has been computed.

    Nothing is computed for it: a value that is held until the next flush becomes one of that
    flush's results. TypeError or ValueError for what is not one real number.
    """
    if isinstance(value, float | int):
        return _as_float(value)
    if isinstance(value, Tensor):
        return _of_tensor(name, value)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if isinstance(value, str | bytes | complex | np.complexfloating) or not hasattr(
        value, "__float__"
    ):
        raise TypeError(
            f"log: {name!r} is {type(value).__name__}, needs a real number or a tensor "
            "of one element"
        )
    if getattr(value, "size", 1) != 1:
        raise ValueError(f"log: {name!r} has shape {value.shape}, needs one number")
    return _as_float(value)


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _of_tensor(name: str, tensor: Tensor) -> float | Value:
    meta = tensor._value_meta
    if meta.numel != 1:
        raise ValueError(
            f"log: {name!r} has shape {tuple(tensor.shape)}, needs one number (its mean()? a "
            "histogram?)"
        )
    if meta.dtype.is_complex:
        raise TypeError(f"log: {name!r} is complex, needs a real number (its abs()?)")
    value = tensor._read_value()
    if value.buffer is None and (local.trace.abstract or value.epoch.failure is not None):
        return float(tensor.item())  # says why it has none: of one of vmap's samples, or failed
    if value.parent is None:
        return value if value.buffer is None else float(tensor.item())
    if tensor._storage is not None and tensor._storage.value.buffer is not None:
        return float(tensor.item())
    with no_grad():  # a view of what is not computed: one number of its own, computed with it
        copy: Any = tensor
        return copy.clone()._read_value()  # type: ignore[no-any-return]


class Scalars:
    """Numbers of one step, by name."""

    __slots__ = ("open", "step", "time", "values")

    def __init__(self, step: int, time: float, values: dict[str, float | Value]) -> None:
        self.step = step
        self.time = time
        self.values = values
        self.open = any(type(value) is Value for value in values.values())

    def ready(self) -> bool:
        """Whether every number is computed, or its step has failed and it will never be."""
        return not self.open or all(
            type(value) is not Value or value.buffer is not None or value.epoch.failure is not None
            for value in self.values.values()
        )

    def force(self) -> None:
        """Have computed what is not."""
        for value in self.values.values():
            if type(value) is Value and value.buffer is None and value.epoch.failure is None:
                Tensor._of(value).item()

    def line(self) -> dict[str, Any]:
        numbers = {}
        for name, value in self.values.items():
            if type(value) is Value:
                if value.buffer is None:
                    continue
                value = float(Tensor._of(value).item())
            # JSON has no word for these.
            numbers[name] = value if math.isfinite(value) else str(value)  # type: ignore[arg-type]
        return {"step": self.step, "time": round(self.time, 4), "scalars": numbers}


class Ready:
    """An entry that waits for nothing."""

    __slots__ = ()

    def ready(self) -> bool:
        return True


class Image(Ready):
    """A picture: its file, then the line that names it."""

    __slots__ = ("file", "pixels", "step", "tag", "time")

    def __init__(self, tag: str, step: int, time: float, pixels: Array, file: Path) -> None:
        self.tag, self.step, self.time = tag, step, time
        self.pixels, self.file = pixels, file

    def line(self) -> dict[str, Any]:
        partial = self.file.with_suffix(".part")
        with partial.open("wb") as stream:
            stream.write(png(self.pixels))
            stream.flush()
            os.fsync(stream.fileno())
        partial.rename(self.file)
        height, width = self.pixels.shape[:2]
        about = {"tag": self.tag, "file": int(self.file.stem), "size": [width, height]}
        return {"step": self.step, "time": round(self.time, 4), "image": about}


class Histogram(Ready):
    """How many elements lie in each of ``bins`` parts of their range."""

    __slots__ = ("bins", "step", "tag", "time", "values")

    def __init__(self, tag: str, step: int, time: float, values: Array, bins: int) -> None:
        self.tag, self.step, self.time = tag, step, time
        self.values, self.bins = values, bins

    def line(self) -> dict[str, Any]:
        values = self.values.ravel()
        finite = values[np.isfinite(values)]
        about: dict[str, Any] = {"tag": self.tag, "bad": int(values.size - finite.size)}
        if finite.size:
            low, high = float(finite.min()), float(finite.max())
            if low == high:  # one value: a bar around it
                width = max(abs(low) * 1e-3, 1e-6)
                low, high = low - width, high + width
            counts, _ = np.histogram(finite, self.bins, (low, high))
            about |= {"low": low, "high": high, "counts": counts.tolist()}
            about |= {"mean": float(finite.mean()), "deviation": float(finite.std())}
        return {"step": self.step, "time": round(self.time, 4), "histogram": about}


class Line(Ready):
    """A line that is known already."""

    __slots__ = ("known",)

    def __init__(self, known: dict[str, Any]) -> None:
        self.known = known

    def line(self) -> dict[str, Any]:
        return self.known
