"""Pruning: what is kept of a trie that has grown too large.

A program of many sizes fills the trie with ways that it may or may not come by again. Those it came
by last are kept, with their plans, until they take half of the room there is; all others are
dropped. So plans that are in use are not made again, and looking through the trie costs next to
nothing for each of the many steps that were made since the last time.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from rushlight.engine.step import Step

if TYPE_CHECKING:
    from rushlight.engine.trace import Trace

_used = attrgetter("used")


def prune(trace: Trace, room: int) -> None:
    """Drop what was not used lately of the tries of ``trace`` (which is empty), down to ``room``.

    Steps count one each, plans as what they were made from and by the memory of their programs.
    """
    steps = _all_steps([trace.ground, *[turn.root for turn in trace.turns.values()]])
    kept = {step for step in steps if step.parent is None}
    ends: set[Step] = set()
    grown = planned = 0
    for end in sorted((step for step in steps if step.used >= 0), key=_used, reverse=True):
        way: list[Step] = []
        step: Step | None = end
        while step is not None and step not in kept:
            way.append(step)
            step = step.parent
        weight = sum(end.count + plan.weight for plan in end.plans.values())
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
