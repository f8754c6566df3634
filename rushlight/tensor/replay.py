"""Backward passes that were walked before: done again in one stride.

What a backward pass records depends on the trie step it starts from, the shape of the gradient
graph, the gradient of each node and where in the trace the saved values are: not on the numbers,
and not on which tensors the leaves are. ``survey`` collects exactly that. The first time, the walk
of ``tensor.backward`` records node by node, and ``Passage`` keeps where it came out; every later
time the trace goes there at once, and only the gradients of the leaves become values.

Whatever is out of the ordinary (hooks, freed or overwritten saved values, values of an earlier
trace, a user's Function) has no survey: those passes are walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, final

from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Epoch, Value, values_at
from rushlight.tensor import anomaly
from rushlight.tensor.backward import backward, mode_of, roots_of
from rushlight.tensor.state import GradNode, OutputEdge
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walk import Walk, like_leaf


@final
class Survey:
    """The gradient graph under a root: its nodes, its leaves, and what identifies it."""

    __slots__ = ("epoch", "falling", "key", "leaves", "nodes")

    def __init__(
        self, epoch: Epoch, key: tuple[Any, ...], nodes: list[GradNode], leaves: list[Tensor],
        falling: bool,
    ) -> None:  # fmt: skip
        self.epoch = epoch
        self.key = key
        self.falling = falling  # whether the nodes were found in the order of their turns
        self.nodes = nodes
        self.leaves = leaves


def survey(trace: Trace, value: Value, root: GradNode) -> Survey | None:
    """The graph under ``root``, which computed ``value``; None where only a walk will do."""
    epoch = trace.epoch
    if value.epoch is not epoch:
        return None
    nodes: list[GradNode] = []
    leaves: list[Tensor] = []
    # Gradient, places of saved values and ends of edges of each node. A gradient says how many
    # of each there are, so that the flat list can be read in one way only.
    key: list[Any] = [value.pos]
    found: list[Any] = [root]
    numbers: dict[Any, int] = {root: 0}
    falling, last = True, root.sequence + 1
    for each in found:  # grows meanwhile
        if each.__class__ is not GradNode:
            if isinstance(each, GradNode):
                return None
            leaves.append(each)
            continue
        saved = each.saved
        if saved is None or each.extra:
            return None
        nodes.append(each)
        if each.sequence > last:
            falling = False
        last = each.sequence
        key.append(each.gradient)
        for kept in saved:
            if kept.epoch is not epoch or kept.overwritten:
                return None
            if kept.parent is not None and _looks_at_overwritten(kept):
                return None
            key.append(kept.pos)
        for edge in each.edges:
            if edge is None:
                key.append(None)
                continue
            if edge.__class__ is OutputEdge:
                key.append(~edge.number)
                edge = edge.node
            number = numbers.get(edge)
            if number is None:
                number = numbers[edge] = len(found)
                found.append(edge)
            key.append(number)
    return Survey(epoch, tuple(key), nodes, leaves, falling)


def _looks_at_overwritten(value: Value) -> bool:
    probe = value.parent
    while probe is not None:
        if probe.overwritten:
            return True
        probe = probe.parent
    return False


@final
class Passage:
    """Where the walk of a surveyed graph came out."""

    __slots__ = ("end", "given", "metas", "numbered", "order", "places")

    def __init__(self, end: Step, seen: Survey, given: Sequence[tuple[Any, Value]]) -> None:
        self.end = end
        # Positions and metas of what the leaves get.
        fresh = sorted([(value.pos, value.meta) for _, value in given], key=itemgetter(0))
        self.places = [position for position, _ in fresh]
        self.metas = [meta for _, meta in fresh]
        # In the order of the walk: (leaf, which of these).
        leaves = {id(leaf): place for place, leaf in enumerate(seen.leaves)}
        positions = {position: place for place, position in enumerate(self.places)}
        self.given = [(leaves[id(leaf)], positions[value.pos]) for leaf, value in given]
        turns = sorted(range(len(seen.nodes)), key=lambda k: -seen.nodes[k].sequence)
        self.order = None if seen.falling else turns
        self.numbered = [place for place in turns if seen.nodes[place].numbers]

    def fits(self, seen: Survey) -> bool:
        """Whether the nodes have their turns in the same order."""
        if self.order is None or seen.falling:
            return self.order is None and seen.falling
        last = seen.nodes[0].sequence + 1
        for place in self.order:
            turn = seen.nodes[place].sequence
            if turn >= last:
                return False
            last = turn
        return True

    def take(self, trace: Trace, seen: Survey) -> list[Value]:
        """Record all of it; what the leaves get."""
        fresh = values_at(trace.epoch, self.places, self.metas)
        try:
            for place in self.numbered:
                trace.scalars.extend(seen.nodes[place].numbers)
            trace.values.extend(fresh)
            trace.step = self.end
        except BaseException:
            trace.repair()
            raise
        return fresh


def remember(
    trace: Trace, start: Step, seen: Survey, visited: int, leaves: Sequence[Sequence[Any]]
) -> None:
    """Keep where the walk from ``start`` came out, if another one must come out there too."""
    end = trace.step
    whole = visited == len(seen.nodes) and len(leaves) == len(seen.leaves)
    if not whole or trace.epoch is not seen.epoch or end.inputs != start.inputs:
        return
    places = {value.pos for _, value in leaves}
    if len(places) == len(leaves) and all(place >= start.count for place in places):
        start.passages[seen.key] = Passage(end, seen, [(leaf, value) for leaf, value in leaves])


def backward_of(root: Tensor, retain_graph: bool) -> None:
    """``backward`` of one tensor of one element, as training loops do it."""
    value = root._value if root._storage is None else root._read_value()
    edge, trace = root._edge, local.trace
    if edge.__class__ is not GradNode or anomaly.is_anomaly_enabled():
        return backward((root,), None, retain_graph)
    seen = survey(trace, value, edge)
    if seen is None:
        return backward((root,), None, retain_graph)
    start = trace.step
    passage = start.passages.get(seen.key)
    if passage is None or not passage.fits(seen):
        with mode_of(False):
            walk = Walk(False, retain_graph, None)
            walk.run(roots_of((root,), (None,)))
            leaves = list(walk.leaves.values())
            remember(trace, start, seen, walk.visited, leaves)
            walk.accumulate()
        return None
    fresh = passage.take(trace, seen)
    if not retain_graph:
        for node in seen.nodes:
            node.saved = None
    walk: Walk | None = None
    for number, place in passage.given:
        leaf, cotangent = seen.leaves[number], fresh[place]
        extra = leaf.__dict__
        if "_hooks" in extra or "_accumulate_hooks" in extra or leaf._grad is not None:
            if walk is None:
                walk = Walk(False, retain_graph, None)
                walk.start()
            with mode_of(False):
                walk.hand(leaf, cotangent)
        else:
            made = Tensor._of(cotangent)
            leaf._grad = made if leaf._storage is None else like_leaf(leaf, made)
    if walk is not None:
        walk.finish()
    return None


__all__ = ["Passage", "Survey", "backward_of", "remember", "survey"]
