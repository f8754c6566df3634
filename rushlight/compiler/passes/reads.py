"""What computing a value again would read, and what the kernels of its users read anyway.

A kernel that has an array in registers computes what follows from it for nothing, where memory
would have to bring it: the backward pass of a batch norm reads the norm's input in any case, so
that the norm's result, and the mask of the ReLU behind it, need not be read too.
"""

from __future__ import annotations

from rushlight.base.shape import Shape
from rushlight.compiler.loops.build import INLINE
from rushlight.compiler.loops.saved import HEAVY
from rushlight.compiler.views import view_base
from rushlight.ir.graph import Node, users
from rushlight.ir.primitives import ELEMENTWISE
from rushlight.ir.size import is_below

# Below so many elements arrays are in the caches.
LARGE = 1 << 16
# More operations than this cost more than reading what they make.
MOST_WORK = 16
# Users further away than so many nodes are not looked at.
MOST_USERS = 40
COSTLY = HEAVY | frozenset(("div", "sqrt", "rsqrt", "reciprocal"))


def is_repeated(expand: Node) -> bool:
    """Whether its source is so little of an expand that it stays in the caches: one number,
    however often, or a row or a column."""
    source = expand.src[0].size
    return (type(source) is int and source == 1) or expand.size > 4 * source


class Reads:
    """Questions about one graph, ``order``: its nodes, sources first."""

    def __init__(self, order: list[Node], wanted: set[Node]) -> None:
        self.users = users(order)
        # What is in memory whatever happens: results, and what kernels of their own read.
        self.stored = set(wanted)
        for node in order:
            if node.op not in INLINE:
                self.stored.update(view_base(source) for source in node.src)

    def made_of(self, node: Node) -> tuple[set[Node], set[Node]] | None:
        """(arrays of its size read, operations) to compute ``node``; None: too costly for that."""
        arrays: set[Node] = set()
        work: set[Node] = set()
        stack = [node]
        while stack:
            each = stack.pop()
            if each in work:
                continue
            if each is not node and each in self.stored:
                arrays.add(each)
            elif each.op in ELEMENTWISE:
                work.add(each)
                if each.op in COSTLY or len(work) > MOST_WORK:
                    return None
                stack += each.src
            elif each.op == "expand" and is_repeated(each):
                continue
            elif each.op not in ("const", "scalar", "iota"):
                arrays.add(each)
        return arrays, work

    def remade(self, node: Node) -> tuple[set[Node], set[Node]] | None:
        """``made_of``; None, too, of an array that is known to be so small that it is cached."""
        return None if is_below(node.size, LARGE) else self.made_of(node)

    def counts(self, node: Node) -> bool:
        """Whether an array is so large that reading it counts."""
        return node.size >= LARGE

    def spares(self, node: Node) -> bool:
        """Whether ``node``, of several users, is better computed by each than kept in memory.

        All of their kernels but for one array, which is read in its place, have in registers what
        it is made of; and of it they have something.
        """
        made = self.remade(node)
        if made is None:
            return False
        arrays, _ = made
        missing = [len(arrays - near) for near in self.near(node).values()]
        gains = bool(missing) and max(missing) <= min(1, len(arrays) - 1)
        return gains and self.counts(node)

    def near(self, node: Node) -> dict[Node, set[Node]]:
        """For each element-wise user or reduction of ``node``: what its kernel reads besides."""
        found: dict[Node, set[Node]] = {}
        reduced: dict[Shape, set[Node]] = {}  # reductions over the same axes are one kernel
        axes_of: dict[Node, set[Shape]] = {}
        for user in dict.fromkeys(self.users[node]):
            found[user], axes_of[user] = self._around(node, user)
            for axes in axes_of[user]:
                reduced.setdefault(axes, set()).update(found[user])
        for user, kernels in axes_of.items():
            for axes in kernels:
                found[user] = found[user] | reduced[axes]
        return found

    def _around(self, node: Node, user: Node) -> tuple[set[Node], set[Shape]]:
        """What ``user`` and the element-wise nodes after it read besides ``node``, and the axes of
        reductions that they end in."""
        inside, seen, axes = [user], {user}, set[Shape]()
        for each in inside:
            if each.op == "reduce":
                axes.add(each.attrs["axes"])
            if each.op not in ELEMENTWISE or each in self.stored or len(inside) > MOST_USERS:
                continue
            for after in self.users[each]:
                same = after.op in ELEMENTWISE and after.shape == node.shape
                if after not in seen and (same or after.op == "reduce"):
                    seen.add(after)
                    inside.append(after)
        read: set[Node] = set()
        for each in inside:
            for source in each.src:
                if source is not node and source not in seen:
                    read |= self._read_for(source)
        read.discard(node)
        return read, axes

    def _read_for(self, source: Node) -> set[Node]:
        """The arrays that a kernel reads in order to have ``source``."""
        if source in self.stored:
            return {source}
        made = self.made_of(source)
        return set() if made is None else made[0]
