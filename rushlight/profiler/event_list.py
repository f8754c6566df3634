"""Lists of events: made from what a recorder wrote down; summed, printed, exported."""

from __future__ import annotations

from typing import Any

from rushlight.profiler.events import FunctionEvent, FunctionEventAvg
from rushlight.profiler.recorder import Raw, Recorder
from rushlight.profiler.roofline import peaks
from rushlight.profiler.table import Columns, table_text
from rushlight.serialization.atomic import atomic_writer

_METRICS = ("self_cpu_time_total", "self_cuda_time_total", "self_device_time_total")


class EventList(list[Any]):
    """Events (``profile.events()``) or their sums (``profile.key_averages()``)."""

    def __init__(
        self, events: Any = (), *, with_flops: bool = False, profile_memory: bool = False
    ) -> None:
        super().__init__(events)
        self.with_flops = with_flops
        self.profile_memory = profile_memory
        self._grouped_by: Any = ()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of all, each moment counted once."""
        return float(sum(event.self_cpu_time_total for event in self))

    def key_averages(
        self,
        group_by_input_shapes: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """One ``FunctionEventAvg`` for each name (and shapes, and innermost lines of the stack)."""
        sums: dict[Any, FunctionEventAvg] = {}
        for event in self:
            shapes = str(event.input_shapes) if group_by_input_shapes else ""
            key = (event.key, shapes, *event.stack[:group_by_stack_n], event.is_user_annotation)
            sums.setdefault(key, FunctionEventAvg()).add(event)
        for each in sums.values():
            if not group_by_input_shapes:
                each.input_shapes = ""
            each.stack = each.stack[:group_by_stack_n]
        found = EventList(
            sums.values(), with_flops=self.with_flops, profile_memory=self.profile_memory
        )
        found._grouped_by = (group_by_input_shapes, group_by_stack_n > 0)
        return found

    def total_average(self) -> FunctionEventAvg:
        """All in one sum."""
        total = FunctionEventAvg()
        for event in self:
            total.key, total.kind = event.key, event.kind
            total.add(event)
        total.key, total.input_shapes, total.stack = "Total", "", []
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The list as text, in PyTorch's form.

        ``sort_by``: an attribute, largest first: cpu_time, cpu_time_total, self_cpu_time_total,
        cpu_memory_usage, self_cpu_memory_usage, count, flops, bytes. With ``with_flops`` kernels
        have their bytes and their share of the roofline (see roofline.py) too.
        """
        events = list(self)
        if sort_by is not None:
            name = sort_by.replace("cuda", "device")
            events.sort(key=lambda event: -getattr(event, name))
        if top_level_events_only:
            events = [event for event in events if event.cpu_parent is None]
        shapes, stacks = self._grouped_by or (any(e.input_shapes for e in self), False)
        columns = Columns(
            shapes=shapes, stacks=stacks, memory=self.profile_memory, flops=self.with_flops,
            name_width=max_name_column_width, shapes_width=max_shapes_column_width,
            stack_width=max_src_column_width,
        )  # fmt: skip
        whole = self.self_cpu_time_total
        limit = row_limit if row_limit >= 0 else len(events)
        return table_text(events[:limit], whole, columns, header, time_unit)

    def __str__(self) -> str:
        return self.table()

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """A line for each stack, ``outermost;...;innermost microseconds``: for flame graphs."""
        if metric not in _METRICS:
            raise ValueError(f"metric should be one of: {list(_METRICS)}")
        lines = []
        for event in self:
            spent = int(getattr(event, metric))
            if event.stack and spent > 0:
                stack = ";".join(reversed(event.stack))
                lines.append(f"{stack.translate(_BLANKS)} {spent}\n")
        with atomic_writer(path) as file:
            file.write("".join(lines).encode())


_BLANKS = str.maketrans(" ", "_")


def events_of(recorder: Recorder, *, with_flops: bool, profile_memory: bool) -> EventList:
    """The events of a recording, by start; commands of plans are events inside the plan's."""
    made: dict[int, FunctionEvent] = {}
    events: list[FunctionEvent] = []

    def add(raw: Raw, **facts: Any) -> FunctionEvent:
        start, end = ((clock - recorder.begin) / 1e3 for clock in (raw.begin, raw.end))
        event = FunctionEvent(
            len(events), raw.name, raw.thread, start, end, kind=raw.kind, stack=raw.stack, **facts
        )
        events.append(event)
        if raw.parent is not None and id(raw.parent) in made:
            made[id(raw.parent)].append_cpu_child(event)
        made[id(raw)] = event
        return event

    for raw in sorted(recorder.raws, key=lambda raw: (raw.begin, -raw.end)):
        shapes, numbers = raw.args or (None, None)
        memory = raw.ran.fresh if raw.ran is not None else 0
        event = add(raw, input_shapes=shapes, concrete_inputs=numbers, memory=memory)
        if raw.ran is None or raw.ran.plan is None:
            continue
        plan, ends = raw.ran.plan, raw.ran.ends.tolist()
        for label, (flops, moved), begin, end in zip(
            plan.labels, plan.costs, ends, ends[1:], strict=False
        ):
            kernel = Raw(label, "kernel", raw, raw.thread, begin)
            kernel.end = end
            add(kernel, flops=flops, bytes=moved)
        assert len(event.cpu_children) == len(plan.labels)
    return EventList(events, with_flops=with_flops, profile_memory=profile_memory)


def add_least_times(sums: EventList, events: EventList) -> None:
    """Give each kernel's sum the least time that its launches could take on this machine."""
    machine = peaks()
    least: dict[str, float] = {}
    for event in events:
        if event.kind == "kernel":
            seconds = machine.least_seconds(event.flops, event.bytes)
            least[event.key] = least.get(event.key, 0.0) + seconds * 1e6
    for each in sums:
        if each.kind == "kernel":
            each.least_us = least.get(each.key, 0.0)
