"""Runs a compiled graph on NumPy arrays, without the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.compiler import Fresh, SameAs, compile_graph
from rushlight.ir.graph import Node

Array = np.ndarray[Any, Any]
_ALIGNMENT = 64


def aligned(nbytes: int) -> Array:
    """Bytes on a cache line, filled with what is no number."""
    raw = np.full(nbytes + _ALIGNMENT, 0xFF, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + nbytes]


class Failed(Exception):
    """A kernel of the plan returned an error code."""


def run_compiled(
    sinks: Sequence[Node],
    inputs: Sequence[Node],
    arrays: Sequence[Array],
    scalars: Sequence[Node] = (),
    numbers: Sequence[float | int | bool] = (),
    donatable: frozenset[int] = frozenset(),
) -> list[Array]:
    """The values of ``sinks``; memory of inputs that are not ``donatable`` must stay as it was."""
    plan = compile_graph(sinks, inputs, scalars, donatable)
    memory = []
    for array in arrays:
        place = aligned(array.nbytes)
        place[...] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        memory.append(place)
    block = np.zeros(max(1, len(numbers)), np.int64)
    for k, (node, number) in enumerate(zip(scalars, numbers, strict=True)):
        kind = np.float64 if node.dtype.is_floating_point else np.int64
        block[k : k + 1].view(kind)[0] = number
    slots = np.zeros(plan.slots, np.int64)
    slots[: len(memory)] = [place.ctypes.data for place in memory]
    arena = aligned(plan.arena_bytes)
    slots[len(memory)] = block.ctypes.data
    slots[len(memory) + 1] = arena.ctypes.data
    results: list[Array] = []
    for output in plan.outputs:
        if isinstance(output, Fresh):
            results.append(aligned(output.nbytes))
            slots[output.slot] = results[-1].ctypes.data
        elif isinstance(output, SameAs):
            results.append(memory[output.index])
        else:
            results.append(results[output.index])
    failure = plan.program.run(slots.ctypes.data)
    if failure is not None:
        raise Failed(f"{plan.labels[failure.command]}: code {failure.code}")
    for index, (array, place) in enumerate(zip(arrays, memory, strict=True)):
        if index not in donatable:
            same = np.ascontiguousarray(array).reshape(-1).view(np.uint8) == place
            assert same.all(), f"input {index} was written to"
    return [
        raw[: sink.nbytes].view(sink.dtype.np).reshape(sink.shape)
        for raw, sink in zip(results, sinks, strict=True)
    ]
