"""uint16 to uint64 are no part of loops: host calls of the reference rules.

    %2 = mul %0 %1 : u16[3]   ->   %2 = host %0 %1 name=primitive params=(mul, ...) : u16[3]

The rest of the plan stays compiled.
"""

from __future__ import annotations

from rushlight.compiler.passes.pairs import called
from rushlight.compiler.views import LOOK_UPS, is_index
from rushlight.ir.graph import Node, rebuilt, toposort

# These are the memory of something else.
_IN_PLACE = ("input", "scalar", "reshape")


def hosted(sinks: list[Node]) -> list[Node]:
    """The graph with every primitive that reads or makes such numbers as a host call."""
    order = toposort(sinks)
    if all(node.dtype.compiled for node in order):
        return sinks
    made: dict[Node, Node] = {}
    for node in order:
        sources = tuple(made[source] for source in node.src)
        plain = all(each.dtype.compiled for each in (node, *node.src))
        if node.op in LOOK_UPS and is_index(node.src[1]):
            values = (node, node.src[0], *node.src[2:])
            plain = all(each.dtype.compiled for each in values)
            if plain:
                sources = (sources[0], _index(node.src[1], made), *sources[2:])
        if plain or node.op in ("host", *_IN_PLACE):
            made[node] = rebuilt(node, sources)
            continue
        made[node] = called(node, sources)
    return [made[sink] for sink in sinks]


def _index(node: Node, made: dict[Node, Node]) -> Node:
    """Places that count from the front: a look-up reads them as they are."""
    source = made[node.src[0]] if node.op == "bitcast" else _index(node.src[0], made)
    return rebuilt(node, (source,))
