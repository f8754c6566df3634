"""Windows that move: views of an array in memory that are another one each time.

``data[i : i + 32]`` is a view, recorded as a slice of ``data``, and where it begins is part of the
step. For a view that is the same in every step that is right: the slice becomes part of the plan.
For the batches of a data set, or the last tokens of a text that grows, every step would be new and
need a plan of its own. So a place in the trie that has met a few views takes in the next new one
as an input: a copy, whose plan serves for all that follow. After it all new views of that kind are
copied: what reads rows one after the other should not learn that for each of them. But a large view
that is the same one again and again has cost a plan in copies at last: then it gets one.
"""

from __future__ import annotations

from ctypes import memmove
from typing import TYPE_CHECKING, Any

from rushlight.base.hot import hot
from rushlight.engine.exposure import exposed
from rushlight.engine.value import Value
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer

if TYPE_CHECKING:
    from rushlight.engine.trace import Step, Trace

PATIENCE = 1  # views recorded at one place before new ones are copied
BYTES_LIMIT = 64 << 20  # a larger copy costs more than a plan
WORTH_A_PLAN = 256 << 20  # so do several of one view, of so many bytes together
_LARGE = 1 << 20  # of smaller copies nobody keeps an account


@hot
def root_of(value: Value) -> Value:
    """What a view is a view of, in the end."""
    while value.parent is not None:
        value = value.parent
    return value


def _known(trace: Trace, step: Step | None, value: Value) -> Step | None:
    """The step that entering ``value`` at ``step`` leads to, if that has been done before."""
    if step is None or value.epoch is trace.epoch:
        return step
    parent = value.parent
    if parent is None:
        return step.children.get(value.meta)
    after = _known(trace, step, parent)
    if after is None:
        return None
    place = parent.pos if parent.epoch is trace.epoch else after.start
    return after.children.get((value.recipe, place))


@hot
def moving(trace: Trace, value: Value) -> tuple[Buffer, bool] | None:
    """A copy of the elements of a view, if it is one of many at this place, and whether others may
    write to what it is a copy of; else None."""
    layout, root, meta = value.window, root_of(value), value.meta
    buffer = root.buffer
    if (
        layout is None or buffer is None or root.meta.dtype is not meta.dtype
        or meta.numel == 0 or meta.numel >= root.meta.numel or meta.nbytes > BYTES_LIMIT
        or trace.abstract or _known(trace, trace.step, value) is not None
    ):  # fmt: skip
        return None
    trace.step.windows += 1
    if trace.step.windows <= PATIENCE and meta not in trace.step.slides:
        return None
    return _copied(trace, layout, meta, buffer)


def _copied(trace: Trace, layout: Any, meta: Any, buffer: Buffer) -> tuple[Buffer, bool] | None:
    """``moving`` for a view that does: the copy, unless so many would cost more than a plan."""
    if meta.nbytes >= _LARGE:
        copied = trace.step.copied.get(layout, 0) + meta.nbytes
        if copied > WORTH_A_PLAN:
            return None
        trace.step.copied = {**trace.step.copied, layout: copied}
    item = meta.dtype.itemsize
    fresh = Buffer(meta.nbytes)
    if layout.contiguous:
        tail.need(buffer)
        memmove(fresh.address, buffer.address + layout.offset * item, meta.nbytes)
    else:
        strides = tuple(step * item for step in layout.strides)
        kind, shape = meta.dtype.np, tuple(meta.shape)
        fresh.array(kind, shape)[...] = buffer.array(kind, shape, layout.offset * item, strides)
    return fresh, exposed(buffer)


def writes_move(step: Step, place: tuple[int, int]) -> bool:
    """Whether a write to ``place`` (where, how many) gets its place as a number of the run.

    The same as for reads: the first place met at a step becomes part of the plan, for a step that
    has met others the next new one is a number. After such a number all of the trace's are: what
    fills a table by a loop should not learn that at each of its rounds again.
    """
    if step.moves:
        return True
    if step.written is None:
        step.written = set()
    if place in step.written:
        return False
    if len(step.written) >= PATIENCE:
        return True
    step.written.add(place)
    return False


def arrangement_key(value: Value) -> Any:
    """What tells the copy of a view apart in the trie: the results of calls lie as their arguments
    do, so a view that does not lie in the order of its axes is not the same as one that does."""
    layout = value.window
    if layout is None or layout.in_order:
        return None
    return value.meta, layout.strides
