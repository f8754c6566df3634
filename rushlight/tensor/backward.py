"""The backward walk: cotangents from roots to leaves, each node's gradient one recorded call.

Nodes run latest first (by the order of their recording), as in PyTorch, so that sums of cotangents
come in the same order. Everything is recorded into the running trace: forward, backward and the
optimiser's step end up in one plan.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.engine.trace import local
from rushlight.tensor.state import LEAF, GradNode, OutputEdge, edge_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def ones_like(tensor: Tensor) -> Tensor:
    """1 everywhere, recorded as a constant."""
    made: Tensor = function("_constant")(tensor.shape, 1, tensor.dtype)
    return made


def _node(edge: Any) -> GradNode | None:
    if isinstance(edge, GradNode):
        return edge
    return edge.node if isinstance(edge, OutputEdge) else None


class _Walk:
    """One backward pass."""

    def __init__(self, create_graph: bool, retain_graph: bool, only: Sequence[Tensor] | None):
        self.create_graph = create_graph
        self.retain_graph = retain_graph
        self.only = only  # autograd.grad: collect these, touch no .grad
        self.collected: dict[int, Tensor] = {}
        self.cotangents: dict[GradNode, list[Tensor | None]] = {}
        self.leaves: dict[int, list[Any]] = {}
        # autograd.grad of a computed tensor: caught at (node, output) before the node runs
        self.catch: dict[tuple[int, int], list[int]] = {}
        if only is not None:
            for place, tensor in enumerate(only):
                edge = tensor._edge
                node = _node(edge)
                if node is not None:
                    number = edge.number if isinstance(edge, OutputEdge) else 0
                    self.catch.setdefault((id(node), number), []).append(place)

    def needed(self, roots: Sequence[GradNode]) -> set[GradNode] | None:
        """For autograd.grad: the nodes on a way to a wanted tensor."""
        if self.only is None:
            return None
        wanted_leaves = {id(t) for t in self.only if t._edge is LEAF}
        wanted_nodes = {key[0] for key in self.catch}
        memo: dict[GradNode, bool] = {}
        stack = list(roots)
        while stack:
            node = stack[-1]
            if node in memo:
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

    def send(self, edge: Any, cotangent: Tensor) -> None:
        """Add a cotangent to where ``edge`` leads."""
        if isinstance(edge, Tensor):
            entry = self.leaves.get(id(edge))
            if entry is None:
                self.leaves[id(edge)] = [edge, cotangent]
            else:
                entry[1] = _sum(entry[1], cotangent)
            return
        node, number = (edge, 0) if isinstance(edge, GradNode) else (edge.node, edge.number)
        slots = self.cotangents.get(node)
        if slots is None:
            slots = self.cotangents[node] = [None] * max(_outputs(node), number + 1)
        here = slots[number]
        slots[number] = cotangent if here is None else _sum(here, cotangent)

    def run(self, roots: Sequence[tuple[Any, Tensor]]) -> None:
        """Send the roots' cotangents down and run every node they reach."""
        waiting: dict[GradNode, int] = {}
        starts = [node for node in (_node(edge) for edge, _ in roots) if node is not None]
        seen: set[GradNode] = set()
        stack = list(starts)
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            for edge in node.edges:
                below = _node(edge)
                if below is not None:
                    waiting[below] = waiting.get(below, 0) + 1
                    stack.append(below)
        needed = self.needed(starts)
        for edge, cotangent in roots:
            self.send(edge, cotangent)
        ready: list[tuple[int, GradNode]] = []
        for node in dict.fromkeys(starts):
            if not waiting.get(node):
                heapq.heappush(ready, (-node.sequence, node))
        while ready:
            _, node = heapq.heappop(ready)
            slots = self.cotangents.pop(node, None)
            results = self._through(node, slots, needed)
            for edge, result in zip(node.edges, results, strict=True):
                if result is not None and edge is not None:
                    self.send(edge, result)
                below = _node(edge)
                if below is not None:
                    waiting[below] -= 1
                    if not waiting[below]:
                        heapq.heappush(ready, (-below.sequence, below))
            if self.leaves:
                self._accumulate(final=False)
        self._accumulate(final=True)

    def _through(
        self, node: GradNode, slots: list[Tensor | None] | None, needed: set[GradNode] | None
    ) -> list[Tensor | None]:
        nothing: list[Tensor | None] = [None] * len(node.edges)
        if slots is None or all(slot is None for slot in slots):
            return nothing
        extra = node.__dict__
        if extra:
            slots = _before(node, extra, slots)
        if self.catch:
            for number, slot in enumerate(slots):
                for place in self.catch.get((id(node), number), ()):
                    if slot is not None:
                        self.collected[place] = slot
        if needed is not None and node not in needed:
            return nothing
        results = node.apply(slots, self.create_graph)
        if not self.retain_graph:
            node.release()
        if extra and "post_hooks" in extra:
            results = _after(extra["post_hooks"], results, slots)
        return results

    def _accumulate(self, *, final: bool) -> None:
        """Hand finished leaf cotangents over: at the end, since more may come until then."""
        if not final:
            return
        wanted = None
        if self.only is not None:
            wanted = {id(t): place for place, t in enumerate(self.only) if t._edge is LEAF}
        for leaf, cotangent in self.leaves.values():
            for hook in tuple((leaf._hooks or {}).values()):
                replaced = hook(cotangent)
                if replaced is not None:
                    cotangent = replaced
            if wanted is not None:
                assert self.only is not None
                for place, tensor in enumerate(self.only):
                    if tensor is leaf:
                        self.collected[place] = cotangent
                continue
            grad = leaf._grad
            if grad is None:
                # Its own tensor: what came down may be shared with other leaves.
                leaf._grad = Tensor._of(cotangent._read_value())
                if self.create_graph:
                    leaf._grad = cotangent
            elif self.create_graph:
                leaf._grad = _sum(grad, cotangent)
            else:
                grad._replace_(_sum(grad, cotangent))
            for hook in tuple((leaf._accumulate_hooks or {}).values()):
                hook(leaf)
        self.leaves.clear()


def _outputs(node: GradNode) -> int:
    return len(node.out_metas)


def _sum(a: Tensor, b: Tensor) -> Tensor:
    total: Tensor = function("add")(a, b)
    return total


def _before(
    node: GradNode, extra: dict[str, Any], slots: list[Tensor | None]
) -> list[Tensor | None]:
    """Tensor hooks, retained gradients and node pre-hooks."""
    for number, hooks in extra.get("tensor_hooks", {}).items():
        for hook in tuple(hooks.values()):
            slot = slots[number]
            if slot is not None:
                replaced = hook(slot)
                if replaced is not None:
                    slots[number] = replaced
    for hook in tuple(extra.get("pre_hooks", {}).values()):
        changed = hook(tuple(slots))
        if changed is not None:
            slots = list(changed) if isinstance(changed, tuple) else [changed]
    for number, reference in extra.get("retained", {}).items():
        tensor, slot = reference(), slots[number]
        if tensor is not None and slot is not None:
            tensor._grad = slot if tensor._grad is None else _sum(tensor._grad, slot)
    return slots


def _after(
    hooks: dict[int, Any], results: list[Tensor | None], slots: list[Tensor | None]
) -> list[Tensor | None]:
    for hook in tuple(hooks.values()):
        changed = hook(tuple(results), tuple(slots))
        if changed is not None:
            results = list(changed) if isinstance(changed, tuple) else [changed]
    return results


@contextmanager
def _mode(create_graph: bool) -> Any:
    trace = local.trace
    before, trace.grad = trace.grad, create_graph
    try:
        yield
    finally:
        trace.grad = before


def _seeds(tensors: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> list[Any]:
    roots = []
    for tensor, gradient in zip(tensors, gradients, strict=True):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"element {len(roots)} of tensors does not require grad and does not have a grad_fn"
            )
        if gradient is None:
            if tensor._value.meta.numel != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
                raise RuntimeError("only floating point tensors can start a backward pass")
            gradient = ones_like(tensor)
        elif gradient.shape != tensor.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{len(roots)}] has a shape of "
                f"{gradient.shape} and output[{len(roots)}] has a shape of {tensor.shape}."
            )
        roots.append((edge_of(tensor), _as_kind(gradient, tensor.dtype)))
    return roots


def _as_kind(tensor: Tensor, kind: DType) -> Tensor:
    return tensor if tensor.dtype is kind else function("_to_dtype")(tensor, kind)


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of ``tensors`` to the ``.grad`` of every leaf they depend on.

    Raises RuntimeError where a tensor has no gradient, is no scalar and no ``grad_tensors`` are
    given, where the graph was already freed, or a saved tensor was overwritten in place.
    """
    roots = _tuple(tensors)
    seeds = (None,) * len(roots) if grad_tensors is None else _tuple(grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is not None:
        named = _tuple(inputs)
        if not named:
            raise RuntimeError("`inputs` argument to `backward` cannot be empty.")
        found = grad(roots, named, seeds, keep, create_graph, allow_unused=True)
        with _mode(create_graph):
            for tensor, cotangent in zip(named, found, strict=True):
                if cotangent is not None:
                    held = tensor._grad
                    tensor._grad = cotangent if held is None else _sum(held, cotangent)
        return
    with _mode(create_graph):
        walk = _Walk(create_graph, keep, None)
        walk.run(_seeds(roots, seeds))


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, touching no ``.grad``."""
    if is_grads_batched:
        raise NotImplementedError("autograd.grad(is_grads_batched=True)")
    if not only_inputs:
        raise NotImplementedError("autograd.grad(only_inputs=False) is gone from PyTorch as well")
    outs, ins = _tuple(outputs), _tuple(inputs)
    for place, tensor in enumerate(ins):
        if not tensor.requires_grad:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad"
                if place >= 0
                else ""
            )
    seeds = (None,) * len(outs) if grad_outputs is None else _tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    with _mode(create_graph):
        walk = _Walk(create_graph, keep, ins)
        walk.run(_seeds(outs, seeds))
    # An output that is itself asked for has its seed as gradient.
    results: list[Tensor | None] = []
    for place, tensor in enumerate(ins):
        found = walk.collected.get(place)
        if found is None and materialize_grads:
            found = function("_constant")(tensor.shape, 0, tensor.dtype)
        if found is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        results.append(found)
    return tuple(results)
