"""A pattern of steps found in a graph, and another put in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from rushlight.fx.graph import Graph
from rushlight.fx.graph_module import GraphModule, symbolic_trace
from rushlight.fx.node import Node
from rushlight.nn import Module

__all__ = ["Match", "replace_pattern"]


class Match(NamedTuple):
    """Where a pattern was found: the node of its result, and the node of each of its own."""

    anchor: Node
    nodes_map: dict[Node, Node]


def _graph_of(given: Any) -> Graph:
    graph: Graph = given.graph if isinstance(given, GraphModule) else symbolic_trace(given).graph
    return graph


def _alike(pattern: Any, value: Any, found: dict[Node, Node]) -> bool:
    """Whether ``value`` is what ``pattern`` (a node or an argument) says; ``found`` grows."""
    if not isinstance(pattern, Node):
        if isinstance(pattern, (tuple, list)):
            return (
                isinstance(value, (tuple, list))
                and len(pattern) == len(value)
                and all(_alike(a, b, found) for a, b in zip(pattern, value, strict=True))
            )
        if isinstance(pattern, dict):
            return (
                isinstance(value, dict)
                and pattern.keys() == value.keys()
                and all(_alike(each, value[key], found) for key, each in pattern.items())
            )
        return type(pattern) is type(value) and bool(pattern == value)
    if not isinstance(value, Node):
        return False
    if pattern in found:
        return found[pattern] is value
    if pattern.op != "placeholder" and (
        (pattern.op, pattern.target) != (value.op, value.target)
        or not _alike(pattern.args, value.args, found)
        or not _alike(pattern.kwargs, value.kwargs, found)
    ):
        return False
    found[pattern] = value
    return True


def _match(result: Any, anchor: Node) -> Match | None:
    """The pattern with this result, ending at ``anchor``: its steps are used by no other."""
    found: dict[Node, Node] = {}
    if not _alike(result, anchor, found):
        return None
    inside = {value for node, value in found.items() if node.op != "placeholder"}
    closed = all(set(value.users) <= inside for value in inside if value is not anchor)
    return Match(anchor, found) if closed else None


def _bring(gm: GraphModule, source: Any, graph: Graph) -> None:
    """The modules and tensors that the replacement names, where ``gm`` has none of the name."""
    for node in graph.nodes:
        if node.op not in ("call_module", "get_attr") or not isinstance(source, Module):
            continue
        *path, last = str(node.target).split(".")
        here: Any = gm
        there: Any = source
        for part in path:
            if not hasattr(here, part):
                setattr(here, part, Module())
            here, there = getattr(here, part), getattr(there, part)
        if not hasattr(here, last):
            setattr(here, last, getattr(there, last))


def replace_pattern(
    gm: GraphModule,
    pattern: Callable[..., Any] | GraphModule,
    replacement: Callable[..., Any] | GraphModule,
) -> list[Match]:
    """Every occurrence of ``pattern`` in ``gm`` becomes ``replacement``; in place.

    Both are functions or modules of the same arguments, which stand for any value, with one result.
    Occurrences that overlap one found before are left. Gives what was found.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1)
    >>> found = replace_pattern(traced, lambda a: torch.relu(a), lambda a: torch.neg(a))
    >>> len(found), traced(torch.ones(1))
    (1, tensor([0.]))
    """
    wanted, other = _graph_of(pattern), _graph_of(replacement)
    result = wanted.output_node().args[0]
    if not isinstance(result, Node) or result.op == "placeholder":
        raise NotImplementedError(
            "replace_pattern: the pattern's result has to be one of its steps"
        )
    names = [node for node in wanted.nodes if node.op == "placeholder"]
    inputs = [node for node in other.nodes if node.op == "placeholder"]
    if len(names) != len(inputs):
        raise RuntimeError(
            f"replace_pattern: the pattern takes {len(names)} arguments, the replacement "
            f"{len(inputs)}"
        )
    _bring(gm, replacement, other)
    matches: list[Match] = []
    taken: set[Node] = set()
    renamed: dict[Node, Node] = {}  # what was put in the place of an earlier occurrence
    for anchor in list(gm.graph.nodes):
        match = None if anchor in taken else _match(result, anchor)
        if match is None:
            continue
        inside = [v for node, v in match.nodes_map.items() if node.op != "placeholder"]
        if taken.intersection(inside):
            continue
        taken.update(inside)
        matches.append(match)
    for match in matches:
        given = {
            mine: renamed.get(match.nodes_map[theirs], match.nodes_map[theirs])
            for mine, theirs in zip(inputs, names, strict=True)
            if theirs in match.nodes_map
        }
        with gm.graph.inserting_before(match.anchor):
            made = gm.graph.graph_copy(other, given)
        match.anchor.replace_all_uses_with(made)
        renamed[match.anchor] = made
        steps = {v for node, v in match.nodes_map.items() if node.op != "placeholder"}
        for node in [each for each in reversed(gm.graph.nodes) if each in steps]:
            gm.graph.erase_node(node)
    gm.recompile()
    return matches
