"""Backward passes that were walked before: done again in one stride.

What a backward pass records depends on the trie step it starts from, the shape of the gradient
graph and where in the trace the saved values are: not on the numbers, and not on which tensors the
leaves are. A trace keeps the nodes of the gradient graph in the order they were made, its tape.
Where a node came from (``origin``: the trie step of its operation) says what it computes and which
values it saved. So two graphs under a root are alike where nodes at the same places of the tape
have the same origins, and edges that lead to the same places. The first time, the walk of
``tensor.backward`` records node by node, and ``Passage`` keeps where it came out; every later time
the trace goes there at once, and only the gradients of the leaves become values. The same goes for
``autograd.grad`` of one number by leaves.

Whatever is out of the ordinary (hooks, freed or overwritten saved values, values of an earlier
trace, a user's Function) has no origin or is on no tape: those passes are walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from rushlight.base.hot import hot
from rushlight.engine.picker import picker
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Value, values_at
from rushlight.tensor import anomaly
from rushlight.tensor.backward import backward, collected_by_walk, mode_of, roots_of, set_collected
from rushlight.tensor.state import LEAF, GradNode, OutputEdge
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walk import Walk, like_leaf


@hot
def _was_overwritten(value: Value) -> bool:
    """Whether it was, or what it is a view of."""
    probe: Value | None = value
    while probe is not None:
        if probe.overwritten:
            return True
        probe = probe.parent
    return False


@hot
def _under(root: GradNode, places: dict[int, int]) -> list[int] | None:
    """Where on the tape the nodes under ``root`` are, or None if some are not."""
    found, waiting = set(), [root]
    while waiting:
        node = waiting.pop()
        place = places.get(id(node))
        if place is None:
            return None
        if place not in found:
            found.add(place)
            for edge in node.edges:
                below = edge.node if edge.__class__ is OutputEdge else edge
                if isinstance(below, GradNode):
                    waiting.append(below)
    return sorted(found)


@final
@hot
class Passage:
    """A backward pass that was walked: the graph under its root, and where it came out."""

    __slots__ = (
        "absent", "distinct", "end", "ends", "given", "inner", "metas", "nones", "numbered",
        "origins", "outputs", "pick", "places", "root", "same", "targets", "wanted",
    )  # fmt: skip

    def __init__(
        self, end: Step, root: GradNode, tape: Sequence[GradNode], origins: Sequence[Any],
        visited: Sequence[int], given: Sequence[Sequence[Any]], only: Sequence[Tensor],
    ) -> None:  # fmt: skip
        nodes = [tape[place] for place in visited]
        numbers = {id(node): number for number, node in enumerate(nodes)}
        self.pick = picker(tuple(visited))
        self.origins = [origins[place] for place in visited]
        self.root = numbers[id(root)]
        inner: list[tuple[int, int]] = []
        ends: list[int] = []
        leaves: list[Tensor] = []
        # Edges that lead to a result of several: (which, number of the node, of its result).
        self.outputs: list[tuple[int, int, int]] = []
        edges = [edge for node in nodes for edge in node.edges]
        for place, edge in enumerate(edges):
            if isinstance(edge, GradNode):
                inner.append((place, numbers[id(edge)]))
            elif edge.__class__ is OutputEdge:
                self.outputs.append((place, numbers[id(edge.node)], edge.number))
            elif edge is not None:
                ends.append(place)
                leaves.append(edge)
        absent = [place for place, edge in enumerate(edges) if edge is None]
        self.absent, self.nones = picker(tuple(absent)), [None] * len(absent)
        self.inner = picker(tuple(place for place, _ in inner))
        self.targets = picker(tuple(number for _, number in inner))
        self.ends = picker(tuple(ends))
        # Which of the leaves are one tensor, and how many tensors they are.
        first: dict[int, int] = {}
        self.same = [
            (first[id(leaf)], place)
            for place, leaf in enumerate(leaves)
            if first.setdefault(id(leaf), place) != place
        ]
        self.distinct = len(first)
        self.wanted = {first.get(id(leaf)) for leaf in only}  # by ``autograd.grad``
        self.end = end
        # Positions and metas of what the leaves get.
        fresh = sorted({value.pos: value.meta for _, value in given}.items())
        self.places = [position for position, _ in fresh]
        self.metas = [meta for _, meta in fresh]
        # In the order of the walk: (leaf, which of these).
        positions = {position: place for place, position in enumerate(self.places)}
        self.given = [(first[id(leaf)], positions[value.pos]) for leaf, value in given]
        # Nodes that need numbers of the program, in the order of their turns: the last one first.
        self.numbered = [n for n in reversed(range(len(nodes))) if nodes[n].numbers]

    @hot
    def match(
        self, trace: Trace, root: GradNode
    ) -> tuple[Sequence[GradNode], Sequence[Tensor]] | None:
        """The nodes and leaves under ``root``, if a walk there would come out here too."""
        nodes, epoch = [*self.pick(trace.tape)], trace.epoch
        if nodes[self.root] is not root:
            return None
        edges: list[Any] = []
        for node, origin in zip(nodes, self.origins):  # noqa: B905  of one length
            if node.origin is not origin:
                return None
            edges += node.edges
            for kept in node.saved:
                if kept.epoch is not epoch or kept.overwritten:
                    return None
                if kept.parent is not None and _was_overwritten(kept.parent):
                    return None
        if [*self.absent(edges)] != self.nones or self.inner(edges) != self.targets(nodes):
            return None
        leaves = self.ends(edges)
        for leaf in leaves:
            if leaf is None or leaf._edge is not LEAF:
                return None
        if len({id(leaf) for leaf in leaves}) != self.distinct:
            return None
        for one, other in self.same:
            if leaves[one] is not leaves[other]:
                return None
        for place, number, output in self.outputs:
            edge = edges[place]
            if edge.__class__ is not OutputEdge or edge.number != output:
                return None
            if edge.node is not nodes[number]:
                return None
        return nodes, leaves

    @hot
    def take(self, trace: Trace, nodes: Sequence[GradNode], retain_graph: bool) -> list[Value]:
        """Record all of it; what the leaves get. Frees what ``nodes`` saved, unless retained."""
        fresh = values_at(trace.epoch, self.places, self.metas)
        try:
            for number in self.numbered:
                trace.scalars.extend(nodes[number].numbers)
            trace.values.extend(fresh)
            trace.step = self.end
        except BaseException:  # Ctrl-C, too, may come between a list and the step that counts it
            trace.repair()
            raise
        if not retain_graph:
            for node in nodes:
                node.saved = node.origin = None
        return fresh


def _walked(
    trace: Trace, root: Tensor, retain_graph: bool, key: Any, only: Sequence[Tensor] | None = None
) -> Walk:
    """Walk it, and keep where it came out if another one must come out there too."""
    edge, start, epoch, tape = root._edge, trace.step, trace.epoch, [*trace.tape]
    origins = [node.origin for node in tape]
    with mode_of(False):
        walk = Walk(False, retain_graph, only)
        walk.run(roots_of((root,), (None,)))
        given, end = list(walk.leaves.values()), trace.step
        visited = _under(edge, {id(node): place for place, node in enumerate(tape)})
        if visited is not None and trace.epoch is epoch and end.inputs == start.inputs:
            leaves = {id(e) for k in visited for e in tape[k].edges if isinstance(e, Tensor)}
            whole = walk.visited == len(visited) and len(given) == len(leaves)
            fresh = all(value.pos >= start.count for _, value in given)
            if whole and fresh and None not in [origins[k] for k in visited]:
                start.passages[key] = Passage(end, edge, tape, origins, visited, given, only or ())
        walk.accumulate()
    return walk


def _collected(
    outs: Sequence[Any], seeds: Sequence[Any], ins: Sequence[Any], keep: bool, create_graph: bool
) -> dict[int, Tensor]:
    """``autograd.grad`` of one number by leaves: what ``backward_of`` is to ``backward``."""
    root, trace = outs[0], local.trace
    plain = (
        len(outs) == 1 and seeds[0] is None and not create_graph and isinstance(root, Tensor)
        and not anomaly.is_anomaly_enabled()
        and all(isinstance(each, Tensor) and each._edge is LEAF for each in ins)
    )  # fmt: skip
    value = root._read_value() if plain else None
    edge = root._edge
    if value is None or value.epoch is not trace.epoch or not isinstance(edge, GradNode):
        return collected_by_walk(outs, seeds, ins, keep, create_graph)
    # It is kept where all nodes are on a way to these leaves: others would not be run.
    key = ("grad", value.pos, len(trace.tape), len(ins))
    passage = trace.step.passages.get(key)
    found = None if passage is None else passage.match(trace, edge)
    if passage is None or found is None:
        return _walked(trace, root, keep, key, ins).collected
    nodes, leaves = found
    numbers = {id(leaves[number]): number for number, _ in passage.given}
    wanted = [numbers.get(id(each)) for each in ins]
    hooked = any("_hooks" in leaf.__dict__ for leaf in leaves)
    if hooked or None in wanted or {*wanted} != passage.wanted:
        return collected_by_walk(outs, seeds, ins, keep, create_graph)
    fresh = passage.take(trace, nodes, keep)
    places = dict(passage.given)
    return {
        k: Tensor._of(fresh[places[number]])
        for k, number in enumerate(wanted)
        if number is not None
    }


set_collected(_collected)


def _handed(walk: Walk | None, leaf: Tensor, cotangent: Value, retain_graph: bool) -> Walk:
    """Hand a leaf its gradient as a walk does, where somebody listens or there is one already."""
    if walk is None:
        walk = Walk(False, retain_graph, None)
        walk.start()
    with mode_of(False):
        walk.hand(leaf, cotangent)
    return walk


@hot
def backward_of(root: Tensor, retain_graph: bool) -> None:
    """``backward`` of one tensor of one element, as training loops do it."""
    value = root._value if root._storage is None else root._read_value()
    edge, trace = root._edge, local.trace
    if (
        value.epoch is not trace.epoch
        or not isinstance(edge, GradNode)
        or anomaly.is_anomaly_enabled()
    ):
        return backward((root,), None, retain_graph)
    key = (value.pos, len(trace.tape))
    passage = trace.step.passages.get(key)
    found = None if passage is None else passage.match(trace, edge)
    if found is None:
        _walked(trace, root, retain_graph, key)
        return None
    nodes, leaves = found
    fresh = passage.take(trace, nodes, retain_graph)
    walk: Walk | None = None
    for number, place in passage.given:
        leaf, cotangent = leaves[number], fresh[place]
        extra = leaf.__dict__
        if "_hooks" in extra or "_accumulate_hooks" in extra or leaf._grad is not None:
            walk = _handed(walk, leaf, cotangent, retain_graph)
        else:
            made = Tensor._of(cotangent)
            leaf._grad = made if leaf._storage is None else like_leaf(leaf, made)
    if walk is not None:
        walk.finish()
    return None


__all__ = ["Passage", "backward_of"]
