"""What is written down while a profile records: who was called, which plan ran, what was compiled.

Only clocks and references are kept here. ``events.py`` makes events of them when it is over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter_ns, time_ns
from types import FrameType
from typing import Any, final

from rushlight.base import spans
from rushlight.base.events import subscribe
from rushlight.base.warn import user_frame
from rushlight.engine.flush import flush
from rushlight.engine.watch import Ran, watch
from rushlight.tensor import Tensor

PLAN, COMPILE = "rushlight::plan", "rushlight::compile"
_STACK_LIMIT = 64


@final
class Raw:
    """One thing that took time. ``kind``: op, annotation, plan, compile."""

    __slots__ = ("args", "begin", "end", "kind", "name", "parent", "ran", "stack", "thread")

    def __init__(self, name: str, kind: str, parent: Raw | None, thread: int, begin: int) -> None:
        self.name = name
        self.kind = kind
        self.parent = parent
        self.thread = thread  # 1, 2 ... in the order in which threads were first heard of
        self.begin = begin  # perf_counter_ns
        self.end = 0  # while it is open
        self.args: tuple[list[Any], list[Any]] | None = None  # shapes, numbers
        self.stack: tuple[str, ...] = ()
        self.ran: Ran | None = None


class _Thread(threading.local):
    """The open calls of a thread, the outermost first."""

    def __init__(self) -> None:
        self.open: list[Raw] = []
        self.number = 0


@final
class Recorder:
    """Listens between ``start`` and ``stop``; ``raws`` in the order of their begin."""

    def __init__(
        self, *, shapes: bool = False, stacks: bool = False, limit: int | None = None
    ) -> None:
        self.limit = limit  # of calls and plans; later ones are not written down
        self.shapes = shapes
        self.stacks = stacks
        self.raws: list[Raw] = []
        self.begin = self.end = 0
        self.clock_offset = 0  # of time.time_ns
        self.system_threads: list[int] = []
        self._here = _Thread()
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []

    def start(self) -> None:
        """Listen."""
        flush()  # what was recorded before is not measured
        self._stops.append(spans.listen(self))
        self._stops.append(watch(self._plan_ran))
        self._stops.append(subscribe("plan", self._compiled))
        self.begin = perf_counter_ns()
        self.clock_offset = time_ns() - self.begin

    def stop(self) -> None:
        """Stop listening; calls that are still open end here. What was recorded runs first."""
        if not self._stops:
            return
        flush()
        for stop in reversed(self._stops):
            stop()
        self._stops.clear()
        self.end = perf_counter_ns()
        for raw in self.raws:
            if not raw.end:
                raw.end = self.end

    def enter(self, name: str, args: tuple[Any, ...] | None) -> Raw | None:
        """A named call begins. None, and unheard, inside one of the same name."""
        if self.limit is not None and len(self.raws) >= self.limit:
            return None
        if args is None:
            return self.open(name, "annotation")
        open_ = self._here.open
        if open_ and open_[-1].name == name:
            return None
        raw = self.open(name, "op" if "::" in name else "annotation")
        if self.shapes and raw.kind == "op":
            raw.args = _described(args)
        return raw

    def leave(self, token: Raw | None) -> None:
        """It ends."""
        if token is not None:
            self.close(token)

    def open(self, name: str, kind: str) -> Raw:
        """Something begins on this thread."""
        here = self._here
        raw = Raw(name, kind, here.open[-1] if here.open else None, self._number(), 0)
        if self.stacks:
            raw.stack = _stack()
        here.open.append(raw)
        self.raws.append(raw)
        raw.begin = perf_counter_ns()
        return raw

    def close(self, raw: Raw) -> None:
        """It ends; so does what began inside it and was left open."""
        now = perf_counter_ns()
        open_ = self._here.open
        if raw in open_:
            while open_:
                inner = open_.pop()
                inner.end = inner.end or now
                if inner is raw:
                    break
        raw.end = raw.end or now

    def _number(self) -> int:
        here = self._here
        if not here.number:
            with self._lock:
                self.system_threads.append(threading.get_native_id())
                here.number = len(self.system_threads)
        return here.number

    def _inside(self, name: str, kind: str, begin: int, end: int) -> Raw:
        """Something that has ended already, inside of what is open."""
        open_ = self._here.open
        raw = Raw(name, kind, open_[-1] if open_ else None, self._number(), begin)
        raw.end = end
        if self.limit is None or len(self.raws) < self.limit:
            self.raws.append(raw)
        return raw

    def _plan_ran(self, ran: Ran) -> None:
        self._inside(PLAN, "plan", ran.begin, ran.end).ran = ran

    def _compiled(self, *, seconds: float, **facts: object) -> None:
        now = perf_counter_ns()
        self._inside(COMPILE, "compile", now - int(seconds * 1e9), now)


def _described(args: tuple[Any, ...]) -> tuple[list[Any], list[Any]]:
    """(shapes, numbers): for each argument its shape or [], and itself where it is a number."""
    shapes: list[Any] = []
    numbers: list[Any] = []
    for each in args:
        if isinstance(each, Tensor):
            shapes.append(list(each.shape))
            numbers.append(None)
            continue
        shapes.append([])
        numbers.append(_number(each))
    return shapes, numbers


def _number(value: Any) -> Any:
    """A number, text or list of whole numbers as it is; None for the rest."""
    if isinstance(value, (tuple, list)):
        return list(value) if all(isinstance(each, int) for each in value) else None
    return value if isinstance(value, (bool, int, float, str)) else None


def _stack() -> tuple[str, ...]:
    """The user's lines that led here, the innermost first."""
    lines = []
    frame: FrameType | None = user_frame()
    while frame is not None and len(lines) < _STACK_LIMIT:
        code = frame.f_code
        lines.append(f"{code.co_filename}({frame.f_lineno}): {code.co_name}")
        frame = frame.f_back
    return tuple(lines)
