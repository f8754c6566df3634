"""Memory that is about to be shown to the outside: NumPy, another library, another process."""

from __future__ import annotations

from sys import getrefcount

from rushlight.engine.exposure import copy_of
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.tensor import Tensor


def private_buffer(tensor: Tensor) -> Buffer:
    """The storage's memory, shared with no other value: what may be shown to the outside."""
    buffer = tensor._concrete()
    tail.settle()
    # What was recorded and has not run yet must not see what the outside writes.
    if local.trace.pending:
        flush(local.trace)
    value = tensor._value if tensor._storage is None else tensor._storage.value
    # References: the value, ``buffer`` and the argument; views of NumPy come in addition.
    # What is shown already stays where it is.
    if buffer.owner is None and not buffer.exposures and getrefcount(buffer) > 3 + buffer.kept:
        buffer = copy_of(buffer)
        value.buffer = buffer
    return buffer
