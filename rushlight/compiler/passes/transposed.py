"""Transposed arrays that a kernel would read in several passes: these are copied first.

softmax(x.T, 1) reads x along its columns, in each pass again; x[:, :, None] - y.T reads all of y
for each row of x. A copy that transposes tile by tile costs as much as one good pass, and then
every pass is one. What is transposed back at the end lies as x does: such a kernel runs in x's
order, and needs no copy.
"""

from __future__ import annotations

from heapq import heappop, heappush

from rushlight.ir.graph import Node, users
from rushlight.ir.primitives import ELEMENTWISE
from rushlight.ir.size import is_below

# Elements from which on passes no longer find them in the first caches.
LARGE = 1 << 14
# How often what is repeated is read, for a copy to cost next to nothing.
_MANY_TIMES = 8
_WHOLE = (*ELEMENTWISE, "cast")


def choose_copied(order: list[Node], wanted: set[Node]) -> set[Node]:
    """The transpositions whose elements are needed again after a reduction of them.

    ``order``: the graph, sources first; ``wanted``: what is stored in any case.
    """
    found = [node for node in order if _moves_last(node)]
    if not found:
        return set()
    number = {node: place for place, node in enumerate(order)}
    readers = users(order)
    large = [node for node in found if not is_below(node.size, LARGE)]
    again = {node for node in large if _is_read_again(node, order, number, readers, wanted)}
    chosen = {node for node in again if node.size >= LARGE}
    return chosen | {node for node in found if _is_spread(node, readers)}


def _is_spread(node: Node, readers: dict[Node, list[Node]]) -> bool:
    """Whether its rows are repeated many times beside others, as in all distances of two sets."""
    stack = [node]
    while stack:
        for user in readers[stack.pop()]:
            if user.op == "reshape" and user.shape[-1:] == node.shape[-1:]:
                stack.append(user)
            elif user.op == "expand" and user.src[0].shape[-1] == user.shape[-1]:
                large = user.size >= LARGE
                if large and user.size >= _MANY_TIMES * node.size:
                    return True
    return False


def _moves_last(node: Node) -> bool:
    """A permutation after which neighbours are no longer side by side: not one that undoes
    another before it.
    """
    if node.op != "permute":
        return False
    if node.attrs["axes"][-1] == _last(node):
        return False
    seen = {node.src[0]}
    stack = [node.src[0]]
    while stack:
        each = stack.pop()
        if each.op == "permute":
            if each.attrs["axes"][node.attrs["axes"][-1]] == _last(each):
                return False
        elif each.op in _WHOLE:
            more = [s for s in each.src if s.shape == node.src[0].shape and s not in seen]
            seen.update(more)
            stack += more
    return True


def _last(node: Node) -> int:
    """The axis of a permutation's source along which neighbours lie side by side."""
    sizes = node.src[0].shape
    return max((axis for axis, size in enumerate(sizes) if size > 1), default=-1)


def _is_read_again(
    node: Node,
    order: list[Node],
    number: dict[Node, int],
    readers: dict[Node, list[Node]],
    wanted: set[Node],
) -> bool:
    """Whether a value for each element is made of a reduction, and stored in the new order."""
    elements, rows, after = {node}, set[Node](), set[Node]()
    known: set[Node] = set()
    waiting: list[int] = []  # what reads them, by its place in ``order``
    each = node
    while True:
        if each in elements or each in rows or each in after:
            for reader in readers[each]:
                if reader not in known:
                    known.add(reader)
                    heappush(waiting, number[reader])
        if not waiting:
            return False
        each = order[heappop(waiting)]
        of_after = any(source in after for source in each.src)
        if each.op in _WHOLE and each.shape == node.shape:
            if of_after or any(source in rows for source in each.src):
                if each in wanted:
                    return True
                after.add(each)
            elif any(source in elements for source in each.src):
                elements.add(each)
        elif of_after and each.op != "reduce":
            if each.op != "permute" or node.attrs["axes"][each.attrs["axes"][-1]] != _last(node):
                return True
        elif each.op == "reduce":
            if any(source in elements for source in each.src):
                rows.add(each)
        elif each.op in (*_WHOLE, "expand", "reshape") and any(s in rows for s in each.src):
            rows.add(each)
