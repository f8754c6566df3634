"""Memory that others can see: NumPy views of ours, and arrays of theirs that we wrap.

Such memory may change without notice. An operation that reads it takes a copy when it is recorded;
a write to it is done, and visible, when the call returns. Exposure ends with the last outside view.
"""

from __future__ import annotations

import ctypes
from sys import getrefcount

import numpy as np

from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer


def exposed(buffer: Buffer) -> bool:
    """Whether somebody outside of the engine can read or write this memory."""
    if buffer.exposures:
        return True
    owner = buffer.owner
    if owner is None:
        return False
    if not isinstance(owner, np.ndarray):
        return True
    # References that are ours: Buffer.owner, the local name and the call's argument.
    if getrefcount(owner) > 3:
        return True
    # ... and for what the array looks into: its ``base``, the local name and the argument. Under a
    # numpy.memmap, which is an array itself, lies a file.
    base = owner.base
    while base is not None:
        if not isinstance(base, np.ndarray) or getrefcount(base) > 3:
            return True
        base = base.base
    return False


def copy_of(buffer: Buffer) -> Buffer:
    """Private memory with the same bytes."""
    tail.need(buffer)
    fresh = Buffer(buffer.nbytes)
    ctypes.memmove(fresh.address, buffer.address, buffer.nbytes)
    return fresh
