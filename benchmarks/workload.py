"""What a workload is, and the table that they are entered in.

    @workload("perceptron, batch {}", sizes=(4, 128), wanted=(1.5, 1.1), forms=COMPILED)
    def perceptron(torch, batch):
        model, x = formed(torch, make_model(torch), torch.randn(batch, 784))
        ...                         # build once
        return step                 # called over and over; must end in a value read by Python

``torch`` is PyTorch in one process and Rushlight in the other: the text is the same. ``forms`` are
the ways PyTorch is measured: as it is (``eager``), with images channels-last, and compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Step = Callable[[], object]

EAGER, CHANNELS_LAST, COMPILE = "eager", "channels_last", "compile"
PLAIN = (EAGER,)
COMPILED = (EAGER, COMPILE)  # no images: there is one memory format
IMAGES = (EAGER, CHANNELS_LAST, COMPILE)


@dataclass(frozen=True)
class Workload:
    """One row of the table for each size and number of threads."""

    name: str
    title: str
    build: Callable[..., Step]
    sizes: tuple[int, ...]
    threads: tuple[int, ...]
    wanted: tuple[float | None, ...]
    forms: tuple[str, ...] = PLAIN
    ops: int = 1  # how many of what is timed are in a step: a time is divided by it
    unit: str = "ms"
    bytes_moved: int = 0  # what must cross the memory bus in a step: gives GB/s
    flops: int = 0  # gives GFLOP/s
    memory: bool = False  # whether the peak memory of its process is a row too
    long: bool = False  # takes minutes: only when asked for

    def amount(self, seconds: float) -> float:
        """The time of one step in the workload's unit."""
        if self.unit == "GB/s":
            return self.bytes_moved / seconds / 1e9
        if self.unit == "GFLOP/s":
            return self.flops / seconds / 1e9
        return seconds / self.ops * {"ms": 1e3, "us": 1e6, "s": 1.0}[self.unit]


WORKLOADS: dict[str, Workload] = {}
_form = [EAGER]  # of this process


def set_form(form: str) -> None:
    """What ``formed`` does in this process from now on."""
    _form[0] = form


def formed(torch: Any, model: Any, *inputs: Any) -> tuple[Any, ...]:
    """The model and its inputs in the form that is measured here."""
    if _form[0] == CHANNELS_LAST:
        model = model.to(memory_format=torch.channels_last)
        inputs = tuple(
            each.to(memory_format=torch.channels_last) if each.dim() == 4 else each
            for each in inputs
        )
    elif _form[0] == COMPILE:
        model = torch.compile(model)
    return (model, *inputs)


def workload(
    title: str,
    sizes: tuple[int, ...] = (0,),
    threads: tuple[int, ...] = (2, 1),
    wanted: tuple[float | None, ...] = (),
    **facts: Any,
) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
    """Enter a function as a workload. ``wanted``: the ratio to reach, for each size."""

    def enter(build: Callable[..., Step]) -> Callable[..., Step]:
        name = build.__name__
        goals = wanted or (None,) * len(sizes)
        WORKLOADS[name] = Workload(name, title, build, sizes, threads, goals, **facts)
        return build

    return enter
