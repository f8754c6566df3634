"""A run: what one training logs, in a folder of its own."""

from __future__ import annotations

import atexit
import os
import re
import sys
import time
from operator import index
from pathlib import Path
from types import TracebackType
from typing import Any

from rushlight.base.warn import warn
from rushlight.board.entries import Histogram, Image, Line, Scalars, number
from rushlight.board.journal import BACKLOG, NAME, Journal
from rushlight.board.layers import layer_table
from rushlight.board.picture import array_of, pixels_of
from rushlight.board.reader import read_run
from rushlight.profiler.kernels import KernelTimes

FOLDER = "runs"
FORMAT = 1
_KERNELS_EVERY = 5.0  # seconds, and then each time a twentieth of the run has passed
_KERNEL_ROWS = 60
_ANY = ""  # no name of a number: among a step's names it means that the step is over
_FORCE_AFTER = 2.0  # seconds that a number may wait for a flush of the program's own


class Run:
    """A folder ``folder/name`` that grows by what is logged. Use it in a ``with`` statement.

    A name that is taken gets a number (``cnn-2``); nothing is ever overwritten. ``resume=True``
    goes on with the run of that name, and counts on from its last step. ``config`` (a dict, or
    what argparse made) is shown beside the curves. ``kernels=False``: do not note what each kernel
    of the compiled plans takes (a few microseconds a step).

    One process writes a run: calls in a forked or worker process raise RuntimeError, and so does
    opening a run that another process is writing. Threads may share a run.

    >>> import tempfile
    >>> import rushlight as torch
    >>> folder = tempfile.TemporaryDirectory()
    >>> with Run("first", folder.name, config={"lr": 0.1}) as run:
    ...     for step in range(3):
    ...         run.log(loss=torch.ones(()) / (step + 1))
    >>> run.step, run.name
    (2, 'first')
    >>> folder.cleanup()
    """

    def __init__(
        self,
        name: str,
        folder: str | os.PathLike[str] = FOLDER,
        *,
        config: Any = None,
        resume: bool = False,
        kernels: bool = True,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"Run: name is {name!r}, needs a text that is not empty")
        self._pid = os.getpid()
        self.name, self.path = _folder_of(name, Path(folder), resume)
        images = self.path / "images"
        images.mkdir(exist_ok=True)
        self._pictures = len(list(images.glob("*.png")))
        self._journal = Journal(self.path / NAME)
        known = read_run(self.path)
        last = known.last_step
        self.step = 0 if last is None else last
        self._names: set[str] = set() if last is None else {_ANY}
        now = time.time()
        began = now if known.start is None else known.start
        self._zero = time.perf_counter() - (now - began)
        head: dict[str, Any] = {"board": FORMAT, "name": self.name, "start": now, "pid": self._pid}
        self._journal.write(head | {"config": _plain_config(config)})
        self._closed = False
        self._warned = False
        self._times = KernelTimes() if kernels else None
        self._kernels_at = time.perf_counter() + _KERNELS_EVERY
        self._kernel_runs = 0
        if self._times is not None:
            self._times.start()
        self._journal.start()
        atexit.register(self._at_exit)

    def log(
        self, values: dict[str, Any] | None = None, /, *, step: int | None = None, **named: Any
    ) -> None:
        """Numbers of a step, by name: ``run.log(loss=loss, acc=0.9)``.

        Names that are no Python words come as a dict: ``run.log({"train/loss": loss})``. Without
        ``step`` the run counts: a new step begins when a name comes that this step has already.
        NaN and infinities are kept and shown as such.

        A tensor of one element is not computed for it: it becomes a result of the next flush and
        is written then (after two seconds without a flush it is computed). Takes a few
        microseconds; a thread of the run writes, four times a second.
        """
        self._check("log")
        if values:
            named = {**values, **named}
        numbers = {name: number(_name(name), value) for name, value in named.items()}
        if not numbers:
            raise ValueError("log: nothing to log; give numbers by name, run.log(loss=loss)")
        if step is not None:
            step = index(step)
            if step != self.step:
                self._names.clear()
            self.step = step
        elif not self._names.isdisjoint(numbers) or _ANY in self._names:
            self.step += 1
            self._names.clear()
        self._names.update(numbers)
        now = time.perf_counter()
        waiting = self._journal.waiting
        waiting.append(Scalars(self.step, now - self._zero, numbers))
        oldest = waiting[0] if waiting else None
        if (
            type(oldest) is Scalars
            and oldest.open
            and now - self._zero - oldest.time > _FORCE_AFTER
        ):
            oldest.force()
        if len(waiting) > BACKLOG:
            self._force_all()
            self._journal.drain()
        if now > self._kernels_at:
            self._log_kernels(now)

    def image(self, tag: str, picture: Any, *, step: int | None = None) -> None:
        """A picture under a name: a tensor, an array or a Pillow image; at the run's step.

        (H, W), (C, H, W), (H, W, C) or (N, C, H, W), which becomes a grid; 1, 3 or 4 channels;
        fractions 0 to 1, or whole numbers 0 to 255.
        """
        self._check("image")
        pixels = pixels_of(picture)
        self._pictures += 1
        file = self.path / "images" / f"{self._pictures:06d}.png"
        where = self.step if step is None else index(step)
        self._journal.waiting.append(Image(_name(tag), where, self._now(), pixels, file))

    def histogram(self, tag: str, values: Any, *, bins: int = 50, step: int | None = None) -> None:
        """How the elements of ``values`` are distributed, at the run's step."""
        self._check("histogram")
        array = array_of(values)
        if array.size == 0 or array.dtype.kind not in "fiub":
            raise ValueError(
                f"histogram: {tag!r} has {array.size} elements of {array.dtype}, needs real numbers"
            )
        if not 1 <= bins <= 1000:
            raise ValueError(f"histogram: bins is {bins}, needs 1 to 1000")
        where = self.step if step is None else index(step)
        if array.dtype.kind in "ub":
            array = array.astype(float)
        self._journal.waiting.append(Histogram(_name(tag), where, self._now(), array, bins))

    def model(self, model: Any, example: Any = None) -> None:
        """The model's layers: name, class, shapes, parameters.

        With ``example`` (a tensor, or a tuple of arguments) also the shapes that come out of each:
        the model is called once, in eval mode, without gradients.
        """
        self._check("model")
        self._journal.waiting.append(
            Line({"time": self._now(), "model": layer_table(model, example)})
        )

    def close(self) -> None:
        """Write what is left. Nothing can be logged afterwards; a second call does nothing."""
        self._close("finished")

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close("finished" if kind is None else "failed", error)

    def __reduce__(self) -> Any:
        raise TypeError(
            f"Run {self.name!r} cannot be sent to another process: one process writes a run; "
            "open a Run with a name of its own there"
        )

    def __repr__(self) -> str:
        return f"Run({self.name!r}, {str(self.path.parent)!r})"

    def _now(self) -> float:
        return time.perf_counter() - self._zero

    def _check(self, call: str) -> None:
        if self._closed:
            raise RuntimeError(
                f"{call}: run {self.name!r} is closed; log inside the with statement, or go on "
                f"with Run({self.name!r}, resume=True)"
            )
        if os.getpid() != self._pid:
            raise RuntimeError(
                f"{call}: run {self.name!r} belongs to process {self._pid}, this is {os.getpid()}; "
                "log there, or open a Run with a name of its own here"
            )
        if self._journal.failure is not None and not self._warned:
            self._warned = True
            warn(f"board: cannot write {self.path}: {self._journal.failure}", RuntimeWarning)

    def _log_kernels(self, now: float) -> None:
        passed = now - self._zero
        self._kernels_at = now + max(_KERNELS_EVERY, passed / 20)
        times = self._times
        if times is None or times.runs == self._kernel_runs:
            return
        self._kernel_runs = times.runs
        rows = [list(row) for row in times.rows()]
        if len(rows) > _KERNEL_ROWS:
            rest = rows[_KERNEL_ROWS:]
            sums = [sum(row[place] for row in rest) for place in range(1, 5)]
            rows[_KERNEL_ROWS:] = [[f"{len(rest)} more", *sums]]
        self._journal.waiting.append(Line({"time": passed, "kernels": rows, "runs": times.runs}))

    def _force_all(self) -> None:
        for entry in tuple(self._journal.waiting):
            if type(entry) is Scalars:
                entry.force()

    def _close(self, status: str, error: BaseException | None = None) -> None:
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        atexit.unregister(self._at_exit)
        self._force_all()
        if self._times is not None:
            self._times.stop()
        self._log_kernels(time.perf_counter())
        end = {"end": status, "time": self._now()}
        if error is not None:
            end["error"] = f"{type(error).__name__}: {error}"[:500]
        self._journal.close(end)
        if self._journal.failure is not None and not self._warned:
            warn(f"board: cannot write {self.path}: {self._journal.failure}", RuntimeWarning)

    def _at_exit(self) -> None:
        """The program ended without closing the run."""
        error = getattr(sys, "last_value", None)
        self._close("finished" if error is None else "failed", error)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name or len(name) > 200:
        raise ValueError(f"a name is {name!r}, needs a text of 1 to 200 characters")
    return name


def _folder_of(name: str, folder: Path, resume: bool) -> tuple[str, Path]:
    """A folder of its own for a run of this name, and the name that became of it."""
    plain = re.sub(r"[^\w.-]+", "_", name).lstrip(".")[:100] or "run"
    path = folder / plain
    if resume:
        path.mkdir(parents=True, exist_ok=True)
        return name, path
    for number_ in range(2, 1_000_000):
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            if folder.exists() and not folder.is_dir():
                raise
            ending = f"-{number_}"
            path = folder / f"{plain}{ending}"
    return name + path.name[len(plain) :], path


def _plain_config(config: Any) -> dict[str, Any]:
    """A dict, or an object with attributes (argparse's), as JSON can have it."""
    if config is None:
        return {}
    pairs = config if isinstance(config, dict) else vars(config)
    return {str(key): _plain(value) for key, value in pairs.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, float) and abs(value) < float("inf") else str(value)
