"""``torch.autograd.profiler.profile``: one stretch of the program, and its events."""

from __future__ import annotations

from typing import Any

from rushlight.profiler.chrome import trace_of, write_trace
from rushlight.profiler.event_list import EventList, add_least_times, events_of
from rushlight.profiler.events import FunctionEventAvg
from rushlight.profiler.recorder import Recorder


class profile:
    """Records what happens inside the block.

    Events are calls of operations (the time that Python takes to record them), plans (what runs
    them all) with one event for each kernel, compilation, backward passes, optimiser steps and
    batches of a DataLoader. ``use_cuda`` and ``use_device`` are accepted: there is no such device.

    >>> import rushlight as torch
    >>> with profile() as prof:
    ...     print((torch.ones(2) + 1).sum().item())
    4.0
    >>> "rushlight::plan" in [row.key for row in prof.key_averages()]
    True
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: str | None = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Any = None,
    ) -> None:
        self.enabled = enabled
        self.record_shapes = record_shapes
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_modules = with_modules
        self.entered = False
        self._recorder: Recorder | None = None
        self._events: EventList | None = None

    def __enter__(self) -> profile:
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        recorder = Recorder(shapes=self.record_shapes, stacks=self.with_stack)
        recorder.start()
        self.entered, self._recorder = True, recorder
        return self

    def __exit__(self, *details: object) -> None:
        if self.enabled and self._recorder is not None:
            self._recorder.stop()
            self._events = events_of(
                self._recorder, with_flops=self.with_flops, profile_memory=self.profile_memory
            )

    @property
    def function_events(self) -> EventList | None:
        """The events, once the block is over."""
        return self._events

    def _finished(self) -> EventList:
        """The events; none before the block is over, as in PyTorch."""
        return EventList() if self._events is None else self._events

    def __repr__(self) -> str:
        if self._events is None:
            return "<unfinished torch.autograd.profile>"
        return repr(list(self._events))

    def __str__(self) -> str:
        if self._events is None:
            return "<unfinished torch.autograd.profile>"
        return str(self._events)

    def table(self, *args: Any, **kwargs: Any) -> str:
        """The events as text: see ``EventList.table``."""
        return self._finished().table(*args, **kwargs)

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """Sums by name (and shapes, and stack)."""
        events = self._finished()
        sums = events.key_averages(group_by_input_shape, group_by_stack_n)
        if self.with_flops:
            add_least_times(sums, events)
        return sums

    def total_average(self) -> FunctionEventAvg:
        """All events in one sum."""
        return self._finished().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all events, each moment counted once."""
        return self._finished().self_cpu_time_total

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Stacks for flame graphs; AssertionError where none were recorded."""
        events = self._finished()
        if not self.with_stack:
            raise AssertionError("export_stacks() requires with_stack=True")
        events.export_stacks(path, metric)

    def export_chrome_trace(self, path: str, facts: dict[str, Any] | None = None) -> None:
        """A file for chrome://tracing or Perfetto; compressed where it ends in ``.gz``."""
        events = self._finished()
        if self._recorder is None:
            raise RuntimeError("export_chrome_trace: nothing was recorded")
        switches = {
            "with_stack": self.with_stack, "profile_memory": self.profile_memory,
            "record_shapes": self.record_shapes, "with_flops": self.with_flops,
        }  # fmt: skip
        told = {name: 1 for name, on in switches.items() if on}
        write_trace(str(path), trace_of(events, self._recorder, {**told, **(facts or {})}))
