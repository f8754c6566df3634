"""The optimisers' writes: many tensors take new values at once."""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.base.hot import hot
from rushlight.engine.trace import Trace
from rushlight.engine.value import Value
from rushlight.tensor.tensor import Tensor


@hot
def replace_all(trace: Trace, tensors: Sequence[Tensor], values: list[Value]) -> list[Value]:
    """``tensor._replace_(value)`` for all of an optimiser's tensors, spelled out; values left."""
    journal = trace.journal
    for tensor, fresh in zip(tensors, values):  # noqa: B905  there may be more values
        old = tensor._value
        buffer = old.buffer
        if (
            tensor._storage is not None
            or buffer is None
            or buffer.exposures
            or buffer.owner is not None
        ):
            tensor._replace_(Tensor._of(fresh))
            continue
        if not old.journaled:
            journal.append((tensor, old))
            old.journaled = True
        # No calls from here on: an interrupt finds all of it done, or nothing.
        fresh.version = old.version + 1
        old.overwritten = True
        tensor._value = fresh
    return values[len(tensors) :]
