"""Values that are in memory, computed again where that costs no memory traffic.

    y = relu(x * a + b), kept for a convolution; later  where(y > 0, g, 0) and sum(... * x)
    -> the mask from x * a + b, computed where x is read: y stays where it is

The copies are nodes of their own, so that the kernels that use them need not read y.
"""

from __future__ import annotations

from rushlight.compiler.passes.reads import Reads
from rushlight.compiler.views import base_of
from rushlight.ir.graph import Node, rebuilt, toposort
from rushlight.ir.primitives import ELEMENTWISE


def again(sinks: list[Node]) -> list[Node]:
    """The graph with copies of such values for those users that gain by them."""
    order = toposort(sinks)
    reads = Reads(order, set(map(base_of, sinks)))
    gaining = {node: found for node in order if (found := _gaining(node, reads))}
    if not gaining:
        return sinks
    new: dict[Node, Node] = {}
    copies: dict[Node, Node] = {}
    for node in order:
        src = []
        for source in node.src:
            if node in gaining.get(source, ()):
                if source not in copies:
                    copies[source] = _copied(source, reads, new)
                src.append(copies[source])
            else:
                src.append(new[source])
        new[node] = rebuilt(node, src)
    return [new[sink] for sink in sinks]


def _gaining(node: Node, reads: Reads) -> set[Node]:
    """The users of ``node`` whose kernels read all that it is made of, though not for it."""
    if node.op not in ELEMENTWISE or node not in reads.stored:
        return set()
    made = reads.remade(node)
    if made is None or not made[0]:
        return set()
    arrays, _ = made
    users = {
        user
        for user, near in reads.near(node).items()
        if user.op in ELEMENTWISE and user.shape == node.shape and arrays <= near
    }
    return users if users and reads.counts(node) else set()


def _copied(node: Node, reads: Reads, new: dict[Node, Node]) -> Node:
    """A copy of ``node`` and of what nobody else needs, on top of the new graph."""
    made = reads.made_of(node)
    assert made is not None
    _, work = made
    copies: dict[Node, Node] = {}
    # What the work starts from counts as known: the rest of a long graph is not gone through.
    around = {source for each in work for source in each.src if source not in work}
    for each in toposort([node], around):
        own = each is node or all(user in work for user in reads.users[each])
        if own or any(source in copies for source in each.src):
            src = [copies.get(source, new[source]) for source in each.src]
            copies[each] = Node(each.op, tuple(src), each.shape, each.dtype, each.attrs)
    return copies[node]
