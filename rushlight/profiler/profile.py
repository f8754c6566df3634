"""``torch.profiler.profile``: a schedule over steps, and what is done with each trace."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rushlight.autograd.profiler import record_function
from rushlight.base.warn import warn
from rushlight.profiler.activity import ProfilerAction, ProfilerActivity, supported_activities
from rushlight.profiler.event_list import EventList
from rushlight.profiler.range import profile as Range

_RECORDING = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)


def tensorboard_trace_handler(
    dir_name: str,
    worker_name: str | None = None,
    use_gzip: bool = False,
    use_python_export: bool = False,
) -> Callable[[profile], None]:
    """An ``on_trace_ready`` that writes each trace to a new file in ``dir_name``."""

    def handler(prof: profile) -> None:
        folder = Path(dir_name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RuntimeError(f"Can't create directory: {dir_name}") from error
        worker = worker_name or f"{platform.node()}_{os.getpid()}"
        end = ".pt.trace.json.gz" if use_gzip else ".pt.trace.json"
        prof.export_chrome_trace(str(folder / f"{worker}.{time.time_ns()}{end}"))

    return handler


class profile:
    """Records steps of a program as ``schedule`` says: all that happens, without one.

    ``on_trace_ready(profile)`` is called at the end of each cycle. Call ``step()`` after each step.
    ``with_flops`` adds kernels' operations and bytes, and their share of the machine's roofline.

    >>> import rushlight as torch
    >>> with profile(record_shapes=True) as prof:
    ...     with record_function("forward"):
    ...         y = torch.ones(2, 3) @ torch.ones(3, 4)
    >>> print(prof.key_averages().table(sort_by="cpu_time_total", row_limit=10)[:10])
    ----------
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[..., Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Callable[[], str] | None = None,
        post_processing_timeout_s: float | None = None,
    ) -> None:
        self.activities = supported_activities() if activities is None else set(activities)
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        if ProfilerActivity.CUDA in self.activities or use_cuda:
            warn("CUDA is not available, disabling CUDA profiling")
        if execution_trace_observer is not None:
            raise NotImplementedError("profile(execution_trace_observer=...) is not there")
        self.schedule = schedule
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.with_modules = with_modules
        self.acc_events = acc_events
        self.step_num = 0
        self.current_action = self._action()
        self.preset_metadata: dict[str, str] = {}
        self.profiler: Range | None = None
        self._metadata: dict[str, Any] = {}
        self._step_range: record_function | None = None
        self._recording = False

    def _action(self) -> ProfilerAction:
        if self.schedule is None:
            return ProfilerAction.RECORD
        return self.schedule(self.step_num)

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    # Recording.

    def start(self) -> None:
        """Begin with step 0."""
        self._follow()
        self._begin_step()

    def _follow(self) -> None:
        """Begin what the action of this step asks for."""
        if self.current_action in _RECORDING and not self._recording:
            self.start_trace()
        elif self.current_action is ProfilerAction.WARMUP:
            self.profiler = self._new_range()

    def stop(self) -> None:
        """End; what is being recorded is ready now."""
        self._end_step()
        if self._recording:
            self.stop_trace()
            self._ready()

    def step(self) -> None:
        """One step of the program is over."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self._action()
        if before is ProfilerAction.RECORD_AND_SAVE and self._recording:
            self.stop_trace()
            self._ready()
        elif before is ProfilerAction.RECORD and self.current_action not in _RECORDING:
            warn("Incorrect schedule: RECORD followed by " + self.current_action.name)
            if self._recording:
                self.stop_trace()
        self._follow()
        self._begin_step()

    def start_trace(self) -> None:
        """Record from here on, whatever the schedule says."""
        if ProfilerActivity.CPU not in self.activities:
            raise AssertionError("No activities specified for the profiler")
        self.profiler = self._new_range().__enter__()
        self._recording = True

    def _new_range(self) -> Range:
        return Range(
            record_shapes=self.record_shapes, with_flops=self.with_flops,
            profile_memory=self.profile_memory, with_stack=self.with_stack,
            with_modules=self.with_modules,
        )  # fmt: skip

    def stop_trace(self) -> None:
        """Record no more."""
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before stopping trace")
        self.profiler.__exit__(None, None, None)
        self._recording = False

    def _ready(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def _begin_step(self) -> None:
        if self.schedule is not None:
            self._step_range = record_function(f"ProfilerStep#{self.step_num}")
            self._step_range.__enter__()

    def _end_step(self) -> None:
        if self._step_range is not None:
            self._step_range.__exit__(None, None, None)
            self._step_range = None

    # What was recorded.

    def _made(self, doing: str) -> Range:
        if self.profiler is None:
            raise AssertionError(f"Profiler must be initialized before {doing}")
        return self.profiler

    def events(self) -> EventList:
        """Every event of the last cycle, by its start."""
        return self._made("accessing events")._finished()

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """Sums by name (and shapes, and the innermost lines of the stack)."""
        made = self._made("getting key averages")
        return made.key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path: str, use_python_export: bool = False) -> None:
        """A file for chrome://tracing or Perfetto; compressed where it ends in ``.gz``."""
        self._made("exporting chrome trace").export_chrome_trace(path, self._metadata)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Stacks and microseconds, for flame graphs. Needs ``with_stack=True``."""
        self._made("exporting stacks").export_stacks(path, metric)

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """Not there: a plan's memory is one block, laid out before it runs."""
        raise NotImplementedError("profile.export_memory_timeline is not there")

    def toggle_collection_dynamic(
        self, enable: bool, activities: Iterable[ProfilerActivity]
    ) -> None:
        """Not there."""
        raise NotImplementedError("profile.toggle_collection_dynamic is not there")

    def add_metadata(self, key: str, value: str) -> None:
        """A text of the user's in the trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """JSON of the user's in the trace."""
        self._metadata[key] = json.loads(value)
