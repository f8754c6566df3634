"""What is kept of a trie, and what leaves it.

A program of many sizes fills the trie with ways that it may or may not come by again. From ``ROOM``
on each new plan puts those out that were not met since they were looked at last: one after another,
so that no step takes longer than others. Casts (``engine/twins.py``) go at the first time, as a new
one costs little; what the compiler made is looked at several times.

Where that is not enough, because more is in use than there is room for, ``prune`` keeps what was
come by last, with its plans, until it takes half of the room there is; all others are dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from rushlight.base.hot import hot
from rushlight.engine.step import Step

if TYPE_CHECKING:
    from rushlight.engine.trace import Trace

# From there on plans leave; steps and what plans count as, 640 bytes each (measured: 85 MB).
ROOM = 1 << 17
_AT_ONCE = 8  # ends that are looked at for each new one
CAST_LOOKS, PLAN_LOOKS = 1, 4  # so many times in vain: one takes 2 ms to make, the other 50

_used = attrgetter("used")


@hot
def path_to(end: Step) -> list[Step]:
    """The steps from the first to ``end``."""
    path: list[Step] = []
    step = end
    while step.parent is not None:
        path.append(step)
        step = step.parent
    path.reverse()
    return path


def make_room(trace: Trace, end: Step, looks: int) -> None:
    """Keep a trace that has got a plan in the trie; others that were not met again leave it."""
    ends = trace.ends
    for _ in range(min(len(ends), _AT_ONCE)):
        if trace.steps + trace.planned <= ROOM:
            break
        oldest, used, left = ends.popleft()
        if oldest.used < 0:
            continue
        left -= oldest.used == used
        if left > 0:
            ends.append((oldest, oldest.used, left))
        else:
            trace.planned -= weight_of(oldest)
            oldest.plans, oldest.known, oldest.used = {}, None, -1
            drop_way(trace, path_to(oldest))
    ends.append((end, end.used, looks))


def weight_of(end: Step) -> int:
    """What the plans of a step count as: what they were made from, and their programs."""
    return sum(end.count + plan.weight for plan in end.plans.values())


@hot
def drop_way(trace: Trace, path: Sequence[Step]) -> None:
    """Take what only the trace at the end of ``path`` came by out of the trie.

    The trace itself does not notice: its steps know those before them. Nothing refers to them once
    it has been flushed: neither they themselves, which would leave them to Python's collector. That
    traces were cut there is found out again when they are recorded again.
    """
    end = path[-1]
    if end.children or end.plans:
        return
    end.used = -1
    end.known = None
    dropped = 0
    for step in reversed(path):
        parent = step.parent
        assert parent is not None
        children = parent.children
        key = None
        for key in reversed(children):
            if children[key] is step:
                break
        else:  # by an earlier call, and then came an interrupt
            break
        children.pop(key)
        dropped += 1
        if children or parent.plans:  # others come by here
            break
    trace.steps -= dropped
    for step in path:
        if step.passages:
            _forget_passages(step, path[len(path) - dropped :])


def _forget_passages(step: Step, gone: Sequence[Step]) -> None:
    """Of the backward passes that are known at a step those that come out where others were."""
    known = {} if step in gone else step.passages
    step.passages = {key: each for key, each in known.items() if each.end not in gone}


def prune(trace: Trace, room: int) -> None:
    """Drop what was not used lately of the tries of ``trace`` (which is empty), down to ``room``.

    Steps count one each, plans as what they were made from and by the memory of their programs.
    """
    turns = (*trace.turns.values(), *trace.phrases.ends.values())
    steps = _all_steps([trace.ground, *[turn.root for turn in turns]])
    kept = {step for step in steps if step.parent is None}
    ends: set[Step] = set()
    grown = planned = 0
    for end in sorted((step for step in steps if step.used >= 0), key=_used, reverse=True):
        way: list[Step] = []
        step: Step | None = end
        while step is not None and step not in kept:
            way.append(step)
            step = step.parent
        weight = weight_of(end)
        if grown + len(way) + planned + weight > room:
            break
        grown += len(way)
        planned += weight
        kept.update(way)
        ends.add(end)
    for step in steps:
        alive = step in kept
        children, passages = step.children.items(), step.passages.items()
        step.children = {key: each for key, each in children if alive and each in kept}
        step.passages = {key: each for key, each in passages if alive and each.end in kept}
        step.copied = {}  # with plans that it was worth, see engine/window.py
        if step not in ends:
            step.plans, step.known, step.used = {}, None, -1
    trace.steps, trace.planned = grown, planned
    trace.ends = deque([each for each in trace.ends if each[0] in ends])
    # A plan of other sizes is a cast of what is known of them, where a new one takes ten times as
    # long: that stays while it is of use, even if the traces that it was learned from do not.
    families = trace.families.items()
    trace.families = {kind: each for kind, each in families if each.outlives(kept)}


def _all_steps(roots: Iterable[Step]) -> list[Step]:
    """Every step under these roots, and under those of the turns that cut them."""
    found = list(dict.fromkeys(roots))
    known = set(found)
    for step in found:  # grows meanwhile
        found.extend(step.children.values())
        if step.cut is not None and step.cut.root not in known:
            known.add(step.cut.root)
            found.append(step.cut.root)
    return found
