"""``rushlight profile SCRIPT ARGS``: where the time of a script's steps goes."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from rushlight.base import config
from rushlight.compat.script import run_script
from rushlight.profiler.chrome import trace_of, write_trace
from rushlight.profiler.event_list import events_of
from rushlight.profiler.events import form_time
from rushlight.profiler.recorder import Recorder
from rushlight.profiler.summary import Report, Summary

_TEXTS = {
    "data": "the DataLoader fetches, transforms and collates",
    "recording": "operations, backward and optimiser write down what to do",
    "compiling": "plans are made (once each)",
    "kernels": "plans compute",
    "launching": "around the kernels of plans",
    "program": "the script's own Python, imports included",
    "profiler": "watching (not in the shares)",
}
_MIB = 2**20


def _writable(context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """``path`` if a file can be written there: said before the script runs, not after hours."""
    if path is not None and not os.access(folder := Path(path).absolute().parent, os.W_OK):
        raise click.BadParameter(f"folder {str(folder)!r} is not there or may not be written to")
    return path


# What follows SCRIPT is the script's, options too.
@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--json", "as_json", is_flag=True,
              help="Print JSON; what the script prints goes to standard error.")  # fmt: skip
@click.option("--trace", type=click.Path(dir_okay=False), metavar="FILE", callback=_writable,
              help="Also write a trace for Perfetto or chrome://tracing.")  # fmt: skip
@click.option("--rows", type=click.IntRange(min=0), default=20, show_default=True,
              help="Kernels and operations to show.")  # fmt: skip
@click.option("--era", type=click.IntRange(2016, 2099), metavar="YEAR",
              help="As for rushlight run.")  # fmt: skip
@click.argument("script", type=click.Path(exists=True, dir_okay=False, readable=True))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
def profile(
    as_json: bool,
    trace: str | None,
    rows: int,
    era: int | None,
    script: str,
    arguments: tuple[str, ...],
) -> int:
    """Run a script and say where its time goes.

    The script runs as under ``rushlight run``; its exit status is this command's. Shown are the
    parts of the run and of a median step, each kernel beside the machine's roofline, and memory.
    A step ends where an optimiser's step() ends.
    """
    if era is not None:
        config.set_era(era)
    summary, recorder = Summary(), Recorder(limit=_TRACE_LIMIT)
    status = 0
    left: SystemExit | None = None
    summary.start()
    if trace:
        recorder.start()
    try:
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            status = run_script(script, list(arguments))
    except SystemExit as end:  # the script's own: it leaves with that, after the report
        left = end
    recorder.stop()
    summary.stop()
    report = summary.report()
    if as_json:
        click.echo(json.dumps({"script": script, **_plain(report)}, indent=1))
    else:
        _show(report, script, rows)
    if trace:  # last: a disk that is full by now costs the trace alone
        events = events_of(recorder, with_flops=True, profile_memory=True)
        write_trace(trace, trace_of(events, recorder, {"script": script}))
        click.echo(f"trace of {len(events)} events: {trace}", err=as_json)
    if left is not None:
        raise left
    return status


_TRACE_LIMIT = 200_000  # calls and plans; a trace of more is of no use in a browser


def _plain(report: Report) -> dict[str, Any]:
    """The report as JSON has it."""
    found: dict[str, Any] = {
        "seconds": report.seconds,
        "parts": report.parts,
        "steps": report.steps,
        "step": report.step,
        "kernels": [
            {**row._asdict(), "of_roofline": report.of_roofline(row)} for row in report.kernels
        ],
        "calls": [
            {"name": name, "calls": count, "seconds": own} for name, count, own in report.calls
        ],
        "memory": report.memory,
    }
    if report.peaks is not None:
        found["machine"] = {
            "threads": report.peaks.threads,
            "flops": report.peaks.flops,
            "bandwidth": report.peaks.memory,
        }
    return found


def _show(report: Report, script: str, rows: int) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    steps = f", {report.steps} steps" if report.steps else ""
    console.print(f"\n[bold]{script}[/bold]: {report.seconds:.2f} s{steps}")
    console.print(_parts(report))
    if report.kernels:
        console.print(_kernels(report, rows))
    if report.calls:
        console.print(_calls(report, rows))
    sizes = report.memory
    console.print(
        f"memory: process {sizes['process_peak'] / _MIB:.0f} MiB at its peak, tensors "
        f"{sizes['tensors_peak'] / _MIB:.1f} MiB, largest arena of a plan "
        f"{sizes['largest_arena'] / _MIB:.1f} MiB",
        soft_wrap=True,
    )


def _table(title: str, columns: list[str]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for place, name in enumerate(columns):
        table.add_column(
            name,
            justify="left" if place == 0 else "right",
            no_wrap=place > 0,
            overflow="ellipsis" if place == 0 else "fold",
        )
    return table


def _parts(report: Report) -> Any:
    step = report.step
    columns = ["part", "whole run", "share", *(["median step", "share"] if step else [])]
    table = _table("Where the time goes", columns)
    watching = report.parts["profiler"]
    for part, seconds in report.parts.items():
        counts = part != "profiler"
        cells = [f"{part}: {_TEXTS[part]}", f"{seconds:.3f} s"]
        cells.append(_share(seconds, report.seconds - watching) if counts else "")
        if step:
            cells.append(form_time(step[part] * 1e6))
            cells.append(_share(step[part], step["whole"]) if counts else "")
        table.add_row(*cells)
    return table


def _kernels(report: Report, rows: int) -> Any:
    columns = ["kernel", "calls", "time", "share", "GFLOP/s", "GB/s", "of roofline"]
    table = _table("Kernels", columns)
    whole = sum(row.seconds for row in report.kernels)
    for row in report.kernels[:rows]:
        reached = report.of_roofline(row)
        table.add_row(
            row.kernel.replace("[", r"\["),
            str(row.calls),
            form_time(row.seconds * 1e6),
            _share(row.seconds, whole),
            f"{row.flops / row.seconds / 1e9:.1f}" if row.flops and row.seconds else "-",
            f"{row.bytes / row.seconds / 1e9:.1f}" if row.bytes and row.seconds else "-",
            "-" if reached is None else f"{reached:.0%}",
        )
    rest = report.kernels[rows:]
    if rest:
        seconds = sum(row.seconds for row in rest)
        calls = sum(row.calls for row in rest)
        table.add_row(f"{len(rest)} more", str(calls), form_time(seconds * 1e6),
                      _share(seconds, whole), "", "", "")  # fmt: skip
    if report.peaks is not None:
        table.caption = (
            f"this machine with {report.peaks.threads} threads: {report.peaks.flops / 1e9:.0f} "
            f"GFLOP/s, {report.peaks.memory / 1e9:.0f} GB/s from main memory\n"
        )
    return table


def _calls(report: Report, rows: int) -> Any:
    table = _table("Recording", ["call", "calls", "time", "each"])
    for name, count, seconds in report.calls[:rows]:
        table.add_row(name, str(count), form_time(seconds * 1e6), form_time(seconds / count * 1e6))
    return table


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"
