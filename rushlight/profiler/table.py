"""The text of a table of events, in the columns and widths that PyTorch's has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rushlight.profiler.events import form_time

_WIDTH = 12
_GAP = "  "
_SCALES = (("T", 1e12), ("G", 1e9), ("M", 1e6), ("K", 1e3))


@dataclass(frozen=True)
class Columns:
    """Which columns there are beside the times, and how wide they may be."""

    shapes: bool
    stacks: bool
    memory: bool
    flops: bool
    name_width: int
    shapes_width: int
    stack_width: int


def form_memory(nbytes: float) -> str:
    """Bytes as PyTorch's tables write them.

    >>> form_memory(880), form_memory(2048), form_memory(-3 * 2**20)
    ('880 B', '2.00 KB', '-3.00 MB')
    """
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if abs(nbytes) >= size:
            return f"{nbytes / size:.2f} {unit}"
    return f"{nbytes:.0f} B"


def share(part: float, whole: float) -> str:
    """``part`` of ``whole`` in per cent."""
    if whole == 0:
        return "NaN" if part else "0.00%"
    return f"{100 * part / whole:.2f}%"


def table_text(
    events: Sequence[Any], whole: float, columns: Columns, header: str | None, unit: str | None
) -> str:
    """``events`` as rows; shares are of ``whole`` microseconds of self time."""
    if not events:
        return ""
    flops_sign, flops_scale = _scale([event.flops for event in events])
    kernels = columns.flops and any(event.kind == "kernel" for event in events)
    names = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
    if columns.memory:
        names += ["CPU Mem", "Self CPU Mem"]
    names.append("# of Calls")
    widths = [_fitting([event.key for event in events], columns.name_width)]
    widths += [_WIDTH] * (len(names) - 1)
    if columns.shapes:
        names.append("Input Shapes")
        texts = [str(event.input_shapes) for event in events]
        widths.append(_fitting(texts, columns.shapes_width))
    stack_place = None
    if columns.stacks:
        stack_place = len(names)
        names.append("Source Location")
        lines = [line for event in events for line in event.stack]
        widths.append(_fitting(lines, columns.stack_width))
    if columns.flops:
        names.append(f"Total {flops_sign}FLOPs")
        widths.append(_WIDTH)
    if kernels:
        names += ["Total bytes", "Of roofline"]
        widths += [_WIDTH, _WIDTH]
    rows = []
    for event in events:
        cells = _cells(event, whole, columns, unit, widths[0])
        if columns.flops:
            cells.append(f"{event.flops / flops_scale:.3f}" if event.flops > 0 else "--")
        if kernels:
            is_kernel = event.kind == "kernel"
            least = getattr(event, "least_us", 0.0)
            cells.append(form_memory(event.bytes) if is_kernel else "--")
            cells.append(share(least, event.cpu_time_total) if is_kernel and least else "--")
        rows.append(_line(cells, widths, stack_place))
        if columns.stacks:
            blank = [""] * len(names)
            for line in event.stack[1:]:
                rows.append(_line([*blank[:stack_place], line, *blank], widths, stack_place))
            rows.append(_line(blank, widths, stack_place))
    rule = _line(["-" * width for width in widths], widths, None)
    out = []
    if header is not None:
        out += ["=" * len(rule), header]
    out += [rule, _line(names, widths, stack_place), rule, *rows, rule]
    return "\n".join(out) + f"\nSelf CPU time total: {form_time(whole, unit)}\n"


def _cells(
    event: Any, whole: float, columns: Columns, unit: str | None, name_width: int
) -> list[str]:
    name = event.key
    if len(name) > name_width:
        name = name[: name_width - 3] + "..."
    cells = [
        name,
        share(event.self_cpu_time_total, whole),
        form_time(event.self_cpu_time_total, unit),
        share(event.cpu_time_total, whole),
        form_time(event.cpu_time_total, unit),
        form_time(event.cpu_time, unit),
    ]
    if columns.memory:
        cells += [form_memory(event.cpu_memory_usage), form_memory(event.self_cpu_memory_usage)]
    cells.append(str(event.count))
    if columns.shapes:
        cells.append(str(event.input_shapes)[: columns.shapes_width])
    if columns.stacks:
        cells.append(event.stack[0] if event.stack else "")
    return cells


def _fitting(texts: Sequence[str], limit: int) -> int:
    return min(max(map(len, texts), default=0) + 4, limit)


def _line(cells: Sequence[str], widths: Sequence[int], left: int | None) -> str:
    return "".join(
        (cell[:width].ljust(width) if place == left else cell.rjust(width)) + _GAP
        for place, (cell, width) in enumerate(zip(cells, widths, strict=False))
    )


def _scale(flops: Sequence[int]) -> tuple[str, float]:
    most = max(flops, default=0)
    return next(((sign, scale) for sign, scale in _SCALES if most >= scale), ("", 1.0))
