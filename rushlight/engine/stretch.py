"""Stretches: long traces that never come back, run in pieces that do.

A loop unrolled by Python over another number of rounds each time (a solver of differential
equations, words of any length) is a new trace each time, and its plan is as long as the trace and
used once. Where several long traces have begun alike and none has come back, they end from then on
where they were still the same (their *anchor*), and what follows is recorded from the root again.
While a loop goes on, such *cuts* are made after the same call, so that each stretch of it is one
trace: planned once, found again in every round and by every length.

A trace is cut only in continuation of one that was: models that merely are many stay whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushlight.engine.step import BYTES_LIMIT, STRETCH, Step

if TYPE_CHECKING:
    from rushlight.engine.trace import Trace

LONG = 400  # results of a trace that is worth cutting
PATIENCE = 3  # plans made beyond an anchor, none of which was used again


def planned(end: Step) -> None:
    """A trace that ends here got a plan of its own."""
    anchor = end.anchor
    if anchor is None or end.count < LONG:
        return
    anchor.novel += 1
    if anchor.novel > PATIENCE and not anchor.cut:
        cut_after(anchor)
        anchor.children.clear()


def came_back(end: Step) -> None:
    """A plan is used again: what begins like this is no loop of any length."""
    anchor = end.anchor
    if anchor is not None and end.count >= LONG:
        anchor.novel = -PATIENCE


def cut_after(step: Step) -> None:
    """Traces are flushed after ``step``: it looks as if it had reached the limit of bytes."""
    step.cut = True
    step.nbytes = max(step.nbytes, BYTES_LIMIT + 1)


def ends_here(trace: Trace, step: Step) -> bool:
    """Whether a new step of a trace that continues one that was cut is the last of its stretch."""
    if step.start < STRETCH:
        return False
    if step.call not in trace.cut_calls:
        if step.start < 3 * STRETCH:
            return False
        trace.cut_calls.add(step.call)
    return True
