"""Traces for chrome://tracing and Perfetto: the trace-event format, one complete event a call."""

from __future__ import annotations

import gzip
import json
import os
import platform
from typing import Any

from rushlight.base.version import VERSION
from rushlight.profiler.event_list import EventList
from rushlight.profiler.recorder import Recorder
from rushlight.serialization.atomic import atomic_writer

_CATEGORY = {
    "op": "cpu_op", "annotation": "user_annotation", "plan": "plan", "kernel": "kernel",
    "compile": "compile",
}  # fmt: skip


def trace_of(events: EventList, recorder: Recorder, facts: dict[str, Any]) -> dict[str, Any]:
    """The trace as a dictionary; times are microseconds of the system's clock."""
    process = os.getpid()
    start = (recorder.begin + recorder.clock_offset) / 1e3
    threads = dict(enumerate(recorder.system_threads, 1))
    rows: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": process, "tid": 0, "ts": start,
         "args": {"name": "python"}},
        {"ph": "M", "name": "process_labels", "pid": process, "tid": 0, "ts": start,
         "args": {"labels": "CPU"}},
    ]  # fmt: skip
    for number, thread in threads.items():
        rows.append(
            {"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "ts": start,
             "args": {"name": f"thread {number}"}}
        )  # fmt: skip
    for event in events:
        arguments: dict[str, Any] = {"External id": event.id}
        if event.input_shapes:
            arguments["Input Dims"] = event.input_shapes
            arguments["Concrete Inputs"] = [
                "" if each is None else str(each) for each in event.concrete_inputs
            ]
        if event.kind == "kernel":
            arguments |= {"flops": event.flops, "bytes": event.bytes}
        if event.stack:
            arguments["Call stack"] = ";".join(event.stack)
        if event.self_cpu_memory_usage:
            arguments["Bytes"] = event.self_cpu_memory_usage
        rows.append(
            {"ph": "X", "cat": _CATEGORY[event.kind], "name": event.name, "pid": process,
             "tid": threads[event.thread], "ts": round(start + event.time_range.start, 3),
             "dur": round(event.cpu_time_total, 3), "args": arguments}
        )  # fmt: skip
    return {
        "schemaVersion": 1,
        **facts,
        "host_name": platform.node(),
        "rushlight": VERSION,
        "displayTimeUnit": "ms",
        "traceEvents": rows,
    }


def write_trace(path: str, trace: dict[str, Any]) -> None:
    """As JSON; compressed where the name ends in ``.gz``."""
    text = json.dumps(trace | {"traceName": path}).encode()
    with atomic_writer(path) as file:
        file.write(gzip.compress(text) if path.endswith(".gz") else text)
