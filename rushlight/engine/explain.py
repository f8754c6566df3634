"""Say more about an index that was out of range: which label a loss could not take."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.engine.plan import Flight
from rushlight.ir.graph import toposort

_LOSSES = ("_cross_entropy", "_nll_loss")
_IGNORE_INDEX = 3  # its place among the parameters of both


def explain(flight: Flight, error: IndexError) -> IndexError:
    """``Target 10 is out of bounds.`` where a loss got such a label; else the error as it is."""
    step = flight.step
    nodes = step.all_nodes()
    while step.parent is not None:
        call: Any = step.call
        if call is not None and call.name in _LOSSES:
            scores, target = (nodes[place] for place in step.positions[:2])
            labels = _labels(flight, target)
            classes = scores.shape[1 if scores.ndim > 1 else 0]
            wrong = (labels < 0) | (labels >= classes)
            wrong &= labels != call.template[_IGNORE_INDEX]
            if wrong.any():
                where = str(error).rpartition(" (")[2].rstrip(")")
                named = f" ({where})" if " at " in where else ""
                return IndexError(f"Target {int(labels[wrong][0])} is out of bounds.{named}")
        step = step.parent
    return error


def _labels(flight: Flight, target: Any) -> np.ndarray[Any, Any]:
    from rushlight.ir.interpret import interpret  # only who is wrong pays for it

    arrays: list[Any] = [None] * len(flight.inputs)
    for node in toposort([target]):
        if node.op == "input":
            buffer = flight.inputs[node.attrs["index"]].buffer
            assert buffer is not None
            arrays[node.attrs["index"]] = buffer.array(node.dtype.np, node.shape)
    return interpret([target], arrays, list(flight.scalars))[0]
