"""The reference interpreter behind a plan's face: for what has no lowering, or when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, final

from rushlight.engine.watch import tell_interpreted, watchers
from rushlight.ir.graph import Node, toposort
from rushlight.runtime.buffer import Buffer

if TYPE_CHECKING:
    from rushlight.engine.plan import Flight


@final
class InterpretedPlan:
    """Runs the primitives of ``sinks`` one after the other, in NumPy."""

    def __init__(self, sinks: Sequence[Node], n_inputs: int) -> None:
        self.sinks = list(sinks)
        self.lost: frozenset[int] = frozenset()
        self.weight = 0
        self.shapes: list[Any] = [None] * n_inputs
        for node in toposort(sinks):
            if node.op == "input":
                self.shapes[node.attrs["index"]] = (node.dtype.np, node.shape)

    def run(self, flight: Flight) -> None:
        """Interpret; the results are set when all are there."""
        begin = perf_counter_ns()
        arrays: list[Any] = []
        for buffer, kind in zip(flight.given, self.shapes, strict=True):
            arrays.append(None if kind is None else buffer.array(*kind))
        from rushlight.ir.interpret import interpret  # only who interprets pays for it

        results: list[Buffer] = []
        for array in interpret(self.sinks, arrays, list(flight.scalars)):
            buffer = Buffer(array.nbytes)
            buffer.array(array.dtype, array.shape)[...] = array
            results.append(buffer)
        flight.results = results
        if watchers:
            tell_interpreted(begin, sum(buffer.nbytes for buffer in results))

    def finished(self, flight: Flight) -> bool:
        """Whether the results are there."""
        return flight.results is not None
