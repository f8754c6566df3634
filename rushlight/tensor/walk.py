"""One backward walk: cotangents from roots to leaves, each node's gradient one recorded call.

Nodes run latest first (by the order of their recording), as in PyTorch, so that sums of cotangents
come in the same order. Everything is recorded into the running trace: forward, backward and the
optimiser's step end up in one plan.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.engine.call import TENSOR, op_call
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.engine.value import Meta, Size
from rushlight.ops.table import OPS
from rushlight.tensor import anomaly
from rushlight.tensor.arrange import relaid
from rushlight.tensor.next_functions import AccumulateGrad
from rushlight.tensor.overwrite import own_value
from rushlight.tensor.state import LEAF, GradNode, OutputEdge
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walking import running as marks
from rushlight.tensor.wrap import function


@hot
def _node(edge: Any) -> GradNode | None:
    if isinstance(edge, GradNode):
        return edge
    return edge.node if isinstance(edge, OutputEdge) else None


class EdgeTarget:
    """An edge, to be asked for in a walk as if it were a tensor."""

    requires_grad = True

    def __init__(self, edge: Any) -> None:
        self._edge = edge
        self.output_nr = edge.number if isinstance(edge, OutputEdge) else 0

    @property
    def _value_meta(self) -> Meta:
        node = self._edge.node if isinstance(self._edge, OutputEdge) else self._edge
        meta: Meta = node.out_metas[self.output_nr]
        return meta

    @property
    def shape(self) -> Size:
        return self._value_meta.shape

    @property
    def dtype(self) -> DType:
        return self._value_meta.dtype


def edge_target(edge: Any) -> Any:
    """What to ask a walk for that shall stop at a ``GradientEdge``."""
    if isinstance(edge.node, AccumulateGrad):
        return edge.node.variable
    return EdgeTarget(OutputEdge(edge.node, edge.output_nr) if edge.output_nr else edge.node)


class _Running(threading.local):
    """The walk that runs in this thread: hooks may ask for what is to be done at its end."""

    walk: Walk | None = None


running = _Running()


class Walk:
    """One backward pass.

    A node always has a higher sequence number than what it was computed from, so taking the highest
    first means that every reader of a node has sent its cotangent by the time of the node's turn.

    Cotangents travel as values; with ``create_graph`` as tensors, which know how they were made.
    """

    # Ids of nodes that are not run: what is below them is somebody else's.
    ends: frozenset[int] = frozenset()

    def __init__(self, create_graph: bool, retain_graph: bool, only: Sequence[Tensor] | None):
        self.create_graph = create_graph
        self.retain_graph = retain_graph
        self.only = only  # autograd.grad: collect these, touch no .grad
        self.collected: dict[int, Tensor] = {}
        self.cotangents: dict[GradNode, list[Any]] = {}
        self.ready: list[tuple[int, GradNode]] = []
        self.leaves: dict[int, list[Any]] = {}
        self.visited = 0
        self.callbacks: list[Callable[[], None]] = []  # called when the walk is over
        self.sparse: dict[int, Tensor] = {}  # what leaves get when the walk is over, by their id
        self._around: Walk | None = None
        # autograd.grad of a computed tensor: caught at (node, output) before the node runs
        self.catch: dict[tuple[int, int], list[int]] = {}
        if only is not None:
            for place, tensor in enumerate(only):
                node = _node(tensor._edge)
                if node is not None:
                    self.catch.setdefault((id(node), tensor.output_nr), []).append(place)

    @hot
    def lift(self, cotangent: Any) -> Tensor:
        """A travelling cotangent as a tensor."""
        return cotangent if self.create_graph else Tensor._of(cotangent)

    @hot
    def lower(self, tensor: Tensor) -> Any:
        """A tensor as it travels."""
        return tensor if self.create_graph else own_value(tensor)

    @hot
    def add(self, a: Any, b: Any) -> Any:
        """The sum of two travelling cotangents."""
        if self.create_graph:
            return sum_of(a, b)
        return local.trace.record(_ADD, (a, b))[0]

    def needed(self, roots: Sequence[GradNode]) -> set[GradNode]:
        """For autograd.grad: the nodes on a way to a wanted tensor."""
        assert self.only is not None
        wanted_leaves = {id(t) for t in self.only if t._edge is LEAF}
        wanted_nodes = {key[0] for key in self.catch}
        memo: dict[GradNode, bool] = {}
        stack = list(roots)
        while stack:
            node = stack[-1]
            if node in memo or id(node) in self.ends:
                memo.setdefault(node, False)
                stack.pop()
                continue
            below = [n for n in map(_node, node.edges) if n is not None]
            missing = [n for n in below if n not in memo]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            hits = any(isinstance(e, Tensor) and id(e) in wanted_leaves for e in node.edges)
            memo[node] = hits or any(memo[n] or id(n) in wanted_nodes for n in below)
        return {node for node, leads in memo.items() if leads}

    @hot
    def send(self, edge: Any, cotangent: Any) -> None:
        """Add a cotangent to where ``edge`` leads."""
        if edge.__class__ is OutputEdge:
            node, number = edge.node, edge.number
        elif isinstance(edge, GradNode):
            node, number = edge, 0
        else:
            entry = self.leaves.get(id(edge))
            if entry is None:
                self.leaves[id(edge)] = [edge, cotangent]
            else:
                entry[1] = self.add(entry[1], cotangent)
            return
        slots = self.cotangents.get(node)
        if slots is None:
            slots = self.cotangents[node] = [None] * node.outputs
            heapq.heappush(self.ready, (-node.sequence, node))
        here = slots[number]
        slots[number] = cotangent if here is None else self.add(here, cotangent)

    def run(self, roots: Sequence[tuple[Any, Tensor]]) -> None:
        """Send the roots' cotangents down and run every node they reach."""
        self.start()
        try:
            self._run(roots)
        except BaseException:  # hooks are the user's, and Ctrl-C: no walk is running any more
            running.walk = self._around
            raise

    def start(self) -> None:
        """From here on hooks find this walk running."""
        self._around, running.walk = running.walk, self

    def _run(self, roots: Sequence[tuple[Any, Tensor]]) -> None:
        needed = None
        if self.only is not None:
            starts = [node for node in (_node(edge) for edge, _ in roots) if node is not None]
            needed = self.needed(starts)
        for edge, cotangent in roots:
            self.send(edge, self.lower(cotangent))
        watched = anomaly.is_anomaly_enabled()
        marks.chosen.append(self.only is not None)
        try:
            self._visit(needed, watched)
        finally:
            marks.chosen.pop()

    @hot
    def _visit(self, needed: set[GradNode] | None, watched: bool) -> None:
        """Run the nodes whose turn it is until there are none."""
        ready, send, create_graph = self.ready, self.send, self.create_graph
        release = not self.retain_graph
        waiting = self.cotangents
        trace = local.trace
        while ready:
            if trace.step.cut:
                flush(trace)
            node = heapq.heappop(ready)[1]
            slots = waiting.pop(node)
            extra = node.extra
            if extra:
                slots = self._before(node, extra, slots)
            if self.catch:
                for number, slot in enumerate(slots):
                    for place in self.catch.get((id(node), number), ()):
                        if slot is not None:
                            self.collected[place] = self.lift(slot)
            if needed is not None and node not in needed:
                continue
            self.visited += 1
            if watched:
                results = anomaly.apply(node, slots, create_graph)
            else:
                results = node.apply(slots, create_graph)
            if release:
                node.saved = node.origin = None
                if extra:
                    extra.pop("packed", None)  # what a hook made of it: a file, say
            if extra and "post_hooks" in extra:
                results = self._after(extra["post_hooks"], results, slots)
            for edge, result in zip(node.edges, results):  # noqa: B905  one for each
                if result is None or edge is None:
                    continue
                if edge.__class__ is GradNode and edge.outputs == 1 and edge not in waiting:
                    waiting[edge] = [result]  # send(), spelled out for what is nearly always so
                    heapq.heappush(ready, (-edge.sequence, edge))
                else:
                    send(edge, result)

    def accumulate(self) -> None:
        """Hand the leaves their cotangents."""
        for leaf, cotangent in self.leaves.values():
            self.hand(leaf, cotangent)
        self.finish()

    def finish(self) -> None:
        """The walk is over: what waits for its end is called."""
        running.walk = self._around
        for callback in self.callbacks:
            callback()

    @hot
    def hand(self, leaf: Tensor, cotangent: Any) -> None:
        """Give one leaf its cotangent: past its hooks, into ``.grad`` or what is collected."""
        extra = leaf.__dict__
        if "_hooks" in extra:
            tensor = self.lift(cotangent)
            for hook in tuple(extra["_hooks"].values()):
                tensor = replaced_by(hook, tensor)
            cotangent = self.lower(tensor)
        if self.only is not None:
            for place, wanted in enumerate(self.only):
                if wanted is leaf:
                    self.collected[place] = self.lift(cotangent)
            return
        grad = leaf._grad
        if grad is None:
            leaf._grad = like_leaf(leaf, self.lift(cotangent))
        elif self.create_graph or grad.is_sparse:
            leaf._grad = sum_of(self.lift(cotangent), grad)
        else:
            grad._replace_(sum_of(grad, self.lift(cotangent)))
        tell_accumulated(leaf)

    def add_sparse(self, leaf: Tensor, gradient: Tensor) -> None:
        """Keep a sparse gradient of a leaf for the end of the walk."""
        before = self.sparse.get(id(leaf))
        if before is None:
            self.callbacks.append(lambda: self._hand_sparse(leaf))
        self.sparse[id(leaf)] = gradient if before is None else sum_of(before, gradient)

    def _hand_sparse(self, leaf: Tensor) -> None:
        """Give one leaf its sparse gradient, beside what it was handed before."""
        gradient = self.sparse[id(leaf)]
        for hook in tuple(leaf.__dict__.get("_hooks", {}).values()):
            gradient = replaced_by(hook, gradient)
        if self.only is None:
            old = leaf._grad
            if old is None or old.is_sparse:
                leaf._grad = gradient if old is None else sum_of(old, gradient)
            else:
                old._replace_(sum_of(old, gradient))
            tell_accumulated(leaf)
            return
        for place, wanted in enumerate(self.only):
            if wanted is leaf:
                before = self.collected.get(place)
                self.collected[place] = gradient if before is None else sum_of(before, gradient)

    def _before(self, node: GradNode, extra: dict[str, Any], slots: list[Any]) -> list[Any]:
        """Tensor hooks, node pre-hooks and retained gradients."""
        for number, hooks in extra.get("tensor_hooks", {}).items():
            for hook in tuple(hooks.values()):
                if slots[number] is not None:
                    slots[number] = self.lower(replaced_by(hook, self.lift(slots[number])))
        for hook in tuple(extra.get("pre_hooks", {}).values()):
            changed = hook(tuple(None if slot is None else self.lift(slot) for slot in slots))
            if changed is not None:
                given = changed if isinstance(changed, tuple) else (changed,)
                slots = [None if each is None else self.lower(each) for each in given]
        for number, reference in extra.get("retained", {}).items():
            tensor, slot = reference(), slots[number]
            if tensor is not None and slot is not None:
                lifted = self.lift(slot)
                tensor._grad = lifted if tensor._grad is None else sum_of(tensor._grad, lifted)
        return slots

    def _after(self, hooks: dict[int, Any], results: list[Any], slots: list[Any]) -> list[Any]:
        def lifted(travelling: list[Any]) -> tuple[Tensor | None, ...]:
            return tuple(None if each is None else self.lift(each) for each in travelling)

        for hook in tuple(hooks.values()):
            changed = hook(lifted(results), lifted(slots))
            if changed is not None:
                given = changed if isinstance(changed, tuple) else (changed,)
                results = [None if each is None else self.lower(each) for each in given]
        return results


def replaced_by(hook: Callable[[Tensor], Any], gradient: Tensor) -> Tensor:
    """``gradient``, or what a tensor's hook gives in its place: another of its shape."""
    made = hook(gradient)
    if made is None:
        return gradient
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(made, Tensor):
        raise TypeError(f"expected Variable, but hook '{name}' returned '{type(made).__name__}'")
    if made.shape != gradient.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value: from {list(gradient.shape)} to "
            f"{list(made.shape)}"
        )
    if made.dtype is not gradient.dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {gradient.dtype}, is {made.dtype})"
        )
    return made


def tell_accumulated(leaf: Tensor) -> None:
    """Call a leaf's hooks for what has been added to ``.grad``: they change it in place."""
    for hook in tuple(leaf.__dict__.get("_accumulate_hooks", {}).values()):
        made = hook(leaf)
        if isinstance(made, Tensor):
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")
        if made is not None:
            raise TypeError(f"expected Variable, but hook returned '{type(made).__name__}'")


def like_leaf(leaf: Tensor, gradient: Tensor) -> Tensor:
    """A gradient as it lies in ``leaf.grad``: like the leaf, or row-major if that has gaps."""
    if leaf._storage is None and gradient._storage is None:
        return gradient
    layout = leaf._current_layout()
    return relaid(gradient, layout.strides if layout.dense else None)


_ADD = op_call(OPS["add"], (TENSOR, TENSOR, 1))


def sum_of(a: Tensor, b: Tensor) -> Tensor:
    total: Tensor = function("add")(a, b)
    return total
