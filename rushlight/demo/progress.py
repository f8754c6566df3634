"""How far the training is: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, float, float], None]  # (images so far, loss, images a second)


def _silent(images: int, loss: float, rate: float) -> None:
    """Nobody watches."""


@contextmanager
def progress(total: int) -> Iterator[Report]:
    """A function to call with (images so far, loss, images a second).

    A bar with rich if it is installed, one line that is overwritten if not.
    """
    if not sys.stderr.isatty():
        yield _silent
        return
    try:
        import rich.console
        import rich.progress
    except ImportError:
        yield from _line(total)
        return
    columns = (
        rich.progress.TextColumn("training"),
        rich.progress.BarColumn(),
        rich.progress.TaskProgressColumn(),
        rich.progress.TextColumn("loss {task.fields[loss]:.3f}"),
        rich.progress.TextColumn("{task.fields[rate]:,.0f} images/s"),
        rich.progress.TimeRemainingColumn(),
    )
    console = rich.console.Console(stderr=True)
    with rich.progress.Progress(*columns, console=console) as bar:
        task = bar.add_task("training", total=total, loss=float("nan"), rate=0.0)

        def report(images: int, loss: float, rate: float) -> None:
            bar.update(task, completed=images, loss=loss, rate=rate)

        yield report


def _line(total: int) -> Iterator[Report]:
    def report(images: int, loss: float, rate: float) -> None:
        done = 100 * images // total
        sys.stderr.write(f"\rtraining {done:3d} %  loss {loss:.3f}  {rate:,.0f} images/s ")
        sys.stderr.flush()

    try:
        yield report
    finally:
        sys.stderr.write("\n")
