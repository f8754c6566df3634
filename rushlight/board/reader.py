"""Reading what runs have written, as far as they have come.

Whatever lies in the files is taken as somebody else's: a line that is no line of ours is left out.
"""

from __future__ import annotations

import json
import threading
from array import array
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.board.journal import NAME, is_written

Array = np.ndarray[Any, Any]
_CHUNK = 1 << 24
# Made once: json.loads makes one a call. A word that is no JSON (NaN) becomes a text.
_decode = json.JSONDecoder(parse_constant=str).decode
_MOST_TAGS = 2000  # of one kind in one run


class Series:
    """The numbers of one name: steps, seconds since the run began, values."""

    def __init__(self) -> None:
        self.steps = array("d")
        self.times = array("d")
        self.values = array("d")

    def columns(self) -> tuple[Array, Array, Array]:
        """Copies: the arrays themselves may grow meanwhile."""
        return np.array(self.steps), np.array(self.times), np.array(self.values)


class ReadRun:
    """One run's file, read up to ``revision`` bytes; ``refresh`` reads on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._empty()

    def _empty(self) -> None:
        self.revision = 0
        self.name = self.path.name
        self.start: float | None = None
        self.seconds = 0.0
        self.config: dict[str, Any] = {}
        self.end: str | None = None
        self.error = ""
        self.last_step: int | None = None
        self.scalars: dict[str, Series] = {}
        self.images: dict[str, list[dict[str, Any]]] = {}
        self.histograms: dict[str, list[dict[str, Any]]] = {}
        self.layers: dict[str, Any] | None = None
        self.kernels: dict[str, Any] | None = None

    def refresh(self) -> bool:
        """Read on, a part of the file at most; whether there was anything."""
        with self.lock:
            file = self.path / NAME
            try:
                size = file.stat().st_size
                if size == self.revision:
                    return False
                if size < self.revision:  # another file by now
                    self._empty()
                with file.open("rb") as stream:
                    stream.seek(self.revision)
                    data = stream.read(_CHUNK)
            except OSError:
                return False
            *lines, torn = data.split(b"\n")
            for line in lines:
                self._take(line)
            # What has no end yet is read again, unless no line of ours is that long.
            done = len(data) if len(torn) == _CHUNK else len(data) - len(torn)
            self.revision += done
            return done > 0

    def status(self) -> str:
        """``running``, ``finished``, ``failed``, or ``stopped`` (its process died)."""
        if is_written(self.path / NAME):
            return "running"
        return self.end or "stopped"

    def _take(self, text: bytes) -> None:
        try:
            line = _decode(text.decode())
            if not isinstance(line, dict):
                return
            numbers = line.get("scalars")
            if numbers is not None:
                self._scalars(line["step"], line["time"], numbers)
                self.seconds = max(self.seconds, line["time"])
                return
            if "image" in line:
                self._image(line)
            elif "histogram" in line:
                self._histogram(line)
            elif "model" in line:
                self.layers = _layers(line["model"])
            elif "kernels" in line:
                self.kernels = _kernels(line)
            elif "board" in line:
                self._head(line)
            elif "end" in line:
                self.end = "finished" if line["end"] == "finished" else "failed"
                self.error = str(line.get("error", ""))
            self.seconds = max(self.seconds, _finite(line.get("time", 0.0)))
        except (ValueError, KeyError, TypeError, OverflowError, AttributeError, RecursionError):
            return  # torn, or not ours

    def _head(self, line: dict[str, Any]) -> None:
        self.end, self.error = None, ""
        if self.start is None:
            self.start = _finite(line["start"])
            self.name = str(line["name"])
        self.config |= line["config"]

    def _scalars(self, step: int, time: float, numbers: dict[str, Any]) -> None:
        place, moment = float(step), float(time)
        if not isfinite(place + moment):
            return
        for name, value in numbers.items():
            series = self.scalars.get(name)
            if series is None:
                if len(self.scalars) >= _MOST_TAGS:
                    continue
                series = self.scalars[name] = Series()
            value = float(value)
            series.steps.append(place)
            series.times.append(moment)
            series.values.append(value)
        self.last_step = int(place)

    def _image(self, line: dict[str, Any]) -> None:
        about = line["image"]
        width, height = about["size"]
        row = {"step": _finite(line["step"]), "time": _finite(line["time"])}
        row |= {"file": int(about["file"]), "size": [int(width), int(height)]}
        self._row(self.images, str(about["tag"]), row)

    def _histogram(self, line: dict[str, Any]) -> None:
        about = line["histogram"]
        row = {"step": _finite(line["step"]), "time": _finite(line["time"])}
        row["bad"] = int(about["bad"])
        if "counts" in about:
            for key in ("low", "high", "mean", "deviation"):
                row[key] = _finite(about[key])
            row["counts"] = [int(count) for count in about["counts"][:1000]]
        self._row(self.histograms, str(about["tag"]), row)

    def _row(self, table: dict[str, list[dict[str, Any]]], tag: str, row: dict[str, Any]) -> None:
        if tag in table or len(table) < _MOST_TAGS:
            table.setdefault(tag, []).append(row)


def _finite(value: Any) -> float:
    found = float(value)
    if not isfinite(found):
        raise ValueError(f"{value} is no place on an axis")
    return found


def _layers(model: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {
            "name": str(row["name"]),
            "class": str(row["class"]),
            "about": str(row["about"]),
            "shapes": {str(own): [int(n) for n in shape] for own, shape in row["shapes"].items()},
            "output": str(row["output"]),
            "parameters": int(row["parameters"]),
        }
        for row in model["layers"]
    ]
    total, trainable = int(model["parameters"]), int(model["trainable"])
    return {"layers": rows, "parameters": total, "trainable": trainable}


def _kernels(line: dict[str, Any]) -> dict[str, Any]:
    rows = [
        [str(name), *(_finite(number) for number in numbers)] for name, *numbers in line["kernels"]
    ]
    if any(len(row) != 5 for row in rows):
        raise ValueError("a kernel has a name, calls, seconds, operations and bytes")
    return {"rows": rows, "runs": int(line["runs"]), "time": _finite(line["time"])}


def read_run(path: Path) -> ReadRun:
    """A run as far as it has come."""
    run = ReadRun(path)
    while run.refresh():
        pass
    return run


class Folder:
    """All runs of a folder (or the one run that it is), by the names of their folders."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: dict[str, ReadRun] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Read on; runs that have gone are forgotten."""
        with self._lock:
            if (self.path / NAME).is_file():
                found = [self.path]
            elif self.path.is_dir():
                found = sorted(path.parent for path in self.path.glob(f"*/{NAME}"))
            else:
                found = []
            known = self.runs
            runs = {path.resolve().name: known.get(path.resolve().name) for path in found}
            for path in found:
                key = path.resolve().name
                run = runs[key]
                if run is None:
                    run = runs[key] = ReadRun(path)
                run.refresh()
            self.runs = {key: run for key, run in runs.items() if run is not None}
