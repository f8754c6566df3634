"""How values that are not taken in as they are enter a trace: those without elements, and copies.

Each makes ``value`` part of ``trace`` and gives its position there, as ``Trace.enter`` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushlight.engine.call import op_call
from rushlight.engine.value import Value
from rushlight.engine.window import arrangement_key
from rushlight.ops.table import OPS

if TYPE_CHECKING:
    from rushlight.engine.trace import Trace
    from rushlight.runtime.buffer import Buffer


def enter_shell(trace: Trace, value: Value) -> int:
    """A tensor without elements: any of its kind stands for it, nobody computes it."""
    trace.shells = True
    trace.plain = False
    meta = value.meta
    key = ("shell", meta)
    step = trace.step.children.get(key)
    if step is None:
        zeros = op_call(OPS["_constant"], (tuple(meta.shape), 0, meta.dtype))
        step = trace.miss(key, zeros, (), (), ())
        step.metas, step.meta = (meta,), meta
        step.nbytes -= meta.nbytes
    trace.step = step
    value.pos = step.start
    value.epoch = trace.epoch
    trace.values.append(value)
    return step.start


def enter_sliding(trace: Trace, value: Value, buffer: Buffer, passing: bool) -> int:
    """A copy of a view that moves over its memory from run to run."""
    position = enter_copy(trace, value, buffer, passing)
    trace.step.slides |= {value.meta}
    return position


def enter_copy(trace: Trace, value: Value, buffer: Buffer, passing: bool) -> int:
    """``buffer``, a copy of ``value``. ``passing``: the next read needs another one."""
    step = trace.take_in(value.meta, arrangement_key(value))
    snapshot = Value(trace.epoch, step.start, value.meta)
    snapshot.buffer = buffer
    trace.inputs.append(snapshot)
    value.pos = step.start
    if not passing:
        value.epoch = trace.epoch
    return step.start
