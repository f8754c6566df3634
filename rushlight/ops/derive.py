"""Reverse-mode differentiation of a graph: how a gradient follows from a body.

``cotangents(outputs, seeds, wanted)`` walks the graph from the outputs back to the wanted nodes.
A node that was made by an op with a rule of its own (noted on the table's tape) uses that rule;
any other node uses the rule of its primitive (ops/primitive_rules/). The result is again a graph
of primitives, so gradients of gradients need nothing more.

Of complex numbers the gradient is PyTorch's: of a real L, dL/d(Re z) + i dL/d(Im z). Through a
holomorphic f that is g times the *conjugate* of f', while the rules, written for real numbers,
multiply by f' itself. So they are given the conjugate of g, and their answer is conjugated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.ir import build
from rushlight.ir.graph import Node, substitute, toposort
from rushlight.ir.primitives import BINARY, UNARY
from rushlight.ops import table
from rushlight.ops.primitive_rules.table import RULES, Rule

# Whole numbers, truth values and steps: their slope is zero wherever there is one.
FLAT = frozenset({"floordiv", "truncdiv", "not", "and", "or", "xor", "shl", "shr", "nextafter"})

# Primitives whose slope depends on numbers. The others move or add up: conjugating there and back
# would change nothing.
_SLOPED = (frozenset((*UNARY, *BINARY)) - {"neg", "add", "sub", "conj", "sign"}) | {
    "fma", "dot", "conv", "conv_input_grad", "conv_weight_grad", "reduce",
}  # fmt: skip


def _reaches(order: list[Node], wanted: set[Node]) -> set[Node]:
    """The nodes through which a derivative with respect to ``wanted`` flows."""
    found = set(wanted)
    for node in order:
        if node not in found and any(source in found for source in node.src):
            found.add(node)
    return found


def cotangents(
    outputs: Sequence[Node],
    seeds: Sequence[Node | None],
    wanted: Sequence[Node],
    calls: dict[Node, table.Noted] | None = None,
) -> list[Node | None]:
    """The gradient of sum(output * seed) with respect to each wanted node; None where it is zero.

    ``calls`` is the tape noted while the outputs were built.
    """
    order = toposort(outputs)
    flows = _reaches(order, set(wanted))
    grads: dict[Node, Node] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        if seed is not None and output in flows:
            _add(grads, output, seed)
    stops = set(wanted)
    calls = calls or {}
    # A call with several outputs is differentiated at its earliest one: by then, going backwards,
    # every reader of every output has been met.
    earliest: dict[int, Node] = {}
    for node in order:
        if node in calls:
            earliest.setdefault(id(calls[node]), node)
    for node in reversed(order):
        call = calls.get(node)
        if call is not None and node not in stops:
            if earliest[id(call)] is node:
                _through_call(call, grads)
        elif node in grads and node in flows and node.src and node.op not in FLAT:
            for source, grad in zip(node.src, _through_node(grads[node], node), strict=True):
                if grad is not None and source in flows:
                    _add(grads, source, grad)
    return [grads.get(node) for node in wanted]


def through_body(
    body: Callable[[Sequence[Node]], Sequence[Node]],
    seeds: Sequence[Node | None],
    results: Sequence[Node],
    nodes: Sequence[Node],
    mask: int,
) -> list[Node | None]:
    """Differentiate ``body`` on fresh nodes, then put the real ones in their places.

    Fresh ones, because one input may be computed from another, or be the same node twice.
    """
    fresh = [Node("input", (), node.shape, node.dtype, {"index": -1}) for node in nodes]
    previous = table.tape
    calls = table.start_tape()
    try:
        outs = body(fresh)
    finally:
        table.set_tape(previous)
    wanted = [node for place, node in enumerate(fresh) if mask >> place & 1]
    known = set(previous or ())
    grads = cotangents(outs, seeds, wanted, calls)
    replacements = dict(zip(fresh, nodes, strict=True))
    for out, result in zip(outs, results, strict=True):
        # exp's slope is its result: use the one that exists rather than compute it again.
        replacements.setdefault(out, result)
    # What the seeds are made of is real already: the whole step so far.
    for seed in seeds:
        if seed is not None:
            replacements.setdefault(seed, seed)
    # The body and the rules called ops with rules of their own: whoever differentiates what is made
    # here again must find those calls at the nodes that take the place of the fresh ones.
    noted: dict[int, table.Noted] = {}
    if previous is not None:
        noted = {id(call): call for call in calls.values()}
        noted |= {id(call): call for node, call in previous.items() if node not in known}
    inner: list[Node] = []
    for call in noted.values():
        _nodes_of(call[1:], inner)
    replaced = substitute([*grads, *inner], replacements)
    real, moved = iter(replaced[: len(grads)]), replaced[len(grads) :]
    places = dict(zip(inner, moved, strict=True))
    for op, args, kwargs, out in noted.values():
        table.note(op, *_put((args, kwargs, out), places))
    return [next(real) if mask >> place & 1 else None for place in range(len(nodes))]


def _nodes_of(value: Any, found: list[Node]) -> None:
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, (tuple, list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            _nodes_of(each, found)


def _put(value: Any, places: dict[Node, Node | None]) -> Any:
    """The same arguments and results with each node replaced."""
    if isinstance(value, Node):
        return places[value]
    if isinstance(value, dict):
        return {name: _put(each, places) for name, each in value.items()}
    if type(value) in (tuple, list):
        return type(value)([_put(each, places) for each in value])
    return value


def _rule(node: Node) -> Rule:
    if node.op not in RULES:
        # Dropped without a word, a term of the gradient would be missing.
        raise NotImplementedError(f"the derivative of the primitive {node.op!r}")
    return RULES[node.op]


def _conjugated(g: Any) -> Any:
    """Every node of a cotangent, or of a tuple or list of them, conjugated."""
    if isinstance(g, (tuple, list)):
        return tuple(map(_conjugated, g))
    return g if g is None else build.conj(g)


def _through_node(g: Node, node: Node) -> Sequence[Node | None]:
    rule = _rule(node)
    if not node.dtype.is_complex or node.op not in _SLOPED:
        return rule(g, node)
    found: Sequence[Node | None] = _conjugated(rule(build.conj(g), node))
    return found


def through_rule(op: table.Op, apply: Callable[[Any], Any], g: Any) -> Any:
    """``apply(g)``, the op's own rule: conjugated around where the cotangents are complex, unless
    the rule is written for complex numbers (``op.complex_rule``)."""
    seeds = g if isinstance(g, tuple) else (g,)
    if op.complex_rule or not any(seed is not None and seed.dtype.is_complex for seed in seeds):
        return apply(g)
    return _conjugated(apply(_conjugated(g)))


def fitted(grad: Node | None, source: Node) -> Node | None:
    """The cotangent of a real number among complex ones is the real part."""
    if grad is None or grad.dtype.is_complex == source.dtype.is_complex:
        return grad
    return build.cast(grad, source.dtype)


def _add(grads: dict[Node, Node], node: Node, grad: Node) -> None:
    here = grads.get(node)
    grads[node] = grad if here is None else build.binary("add", here, grad)


def _through_call(call: table.Noted, grads: dict[Node, Node]) -> None:
    op, args, kwargs, out = call
    assert op.vjp_rule is not None
    outs = out if isinstance(out, tuple) else (out,)
    seeds = tuple(grads.get(each) for each in outs)
    if all(seed is None for seed in seeds):
        return
    g = seeds if isinstance(out, tuple) else seeds[0]
    bound = op.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    rule = op.vjp_rule
    results = through_rule(op, lambda g: rule(g, out, *bound.args, **bound.kwargs), g)
    takers = [
        bound.arguments[parameter.name]
        for parameter in op.parameters
        if parameter.kind in table.DIFFERENTIABLE_KINDS
    ]
    for taker, grad in zip(takers, results, strict=True):
        pairs = (
            zip(taker, grad, strict=True) if isinstance(taker, (list, tuple)) else [(taker, grad)]
        )
        for node, each in pairs:
            if isinstance(node, Node) and isinstance(each, Node):
                fit = fitted(each, node)
                assert fit is not None
                _add(grads, node, fit)
