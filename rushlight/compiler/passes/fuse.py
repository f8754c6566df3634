"""Partition a graph into kernels.

Some nodes are *held*: a buffer keeps their value (inputs, results of contractions and other
kernels of their own, what those read, sinks, reductions, and values that several kernels would
have to compute again at a cost). Held element-wise nodes and reductions are then *rooted* in loop
kernels, sources first: a node joins the kernel of one it reads, or of one that reads the same,
where the loops fit and no cycle of kernels arises. A held node that in the end only its own kernel
reads is not stored.
"""

from __future__ import annotations

import heapq
import math

from rushlight.base.errors import InternalError
from rushlight.base.shape import Shape
from rushlight.compiler.loops.build import (
    INLINE,
    Builder,
    NotFusible,
    Space,
    reduce_space,
    squeeze,
)
from rushlight.compiler.loops.index import NotAffine
from rushlight.compiler.passes.epilogue import Absorbed, find_epilogues
from rushlight.compiler.passes.hold import choose_held
from rushlight.compiler.passes.transposed import choose_copied
from rushlight.compiler.views import STRIDED, base_of, is_index, view_base
from rushlight.ir.graph import Node, toposort, users
from rushlight.ir.size import decision

# Loops over more elements than this are shared between threads: they must not be fused into
# kernels whose rows are too few to share.
LARGE = 1 << 16
FEW_ROWS = 64
# A kernel of more pointers or values than this gains nothing by growing.
MOST_STORES = 24
MOST_VARIABLES = 8
MOST_VALUES = 160


class Group:
    """One kernel to be: a loop kernel with its roots, or one node with a kernel of its own."""

    def __init__(
        self,
        number: int,
        node: Node | None = None,
        absorbed: Absorbed | None = None,
        builder: Builder | None = None,
    ) -> None:
        self.number = number
        self.node = node
        self.absorbed = absorbed  # the contraction that ``node`` is the end of
        self.builder = builder
        self.roots: list[Node] = []
        self.outputs: list[Node] = []
        self.reads: dict[Node, None] = {}
        self.needs: set[int] = set()  # groups that have to run before, directly
        self.before = 0  # bit k: group k has to run before, directly or through others


class Fuser:
    """The state of one partition."""

    def __init__(self, sinks: list[Node], donatable: frozenset[int]) -> None:
        self.sinks = sinks
        self.donatable = donatable
        self.order = toposort(sinks)
        for node in self.order:
            for each in (node, *node.src):
                known = each.dtype.compiled or is_index(each)
                if not known and node.op not in ("host", "input", *STRIDED):
                    raise NotImplementedError(f"{node.op} of {each.dtype} has no lowering")
        self.groups: list[Group] = []
        self.group_of: dict[Node, Group] = {}
        self.refs: dict[Node, list[Node]] = {}
        self.readers: dict[Node, list[Group]] = {}
        self.wanted = set(map(base_of, sinks))
        self.epilogues = find_epilogues(self.order, users(self.order), self.wanted, donatable)
        self.held = choose_held(self.order, self.wanted, self.epilogues)
        self.copied = choose_copied(self.order, self.wanted)
        self.held |= self.copied

    # Where it is computed

    def in_buffer(self, node: Node) -> bool:
        return node in self.held

    def run(self) -> list[Group]:
        for node in self.order:
            # A number that a kernel reads through a pointer is in memory already.
            done = node in self.group_of or node.op in ("input", "scalar")
            if node in self.held and not done:
                self._place(node)
        return self._finish()

    def _place(self, node: Node) -> None:
        absorbed = self.epilogues.get(node)
        if node.op not in INLINE or absorbed is not None:
            group = Group(len(self.groups), node=node, absorbed=absorbed)
            self.groups.append(group)
            sources = node.src if absorbed is None else absorbed.sources
            self._member(group, node, [view_base(source) for source in sources])
            return
        cuts: dict[int, Shape] = {}
        while True:
            refs = self._references(node)
            try:
                if cuts or node in self.copied or not self._join(node, refs):
                    self._root(node, refs, cuts)
                return
            except NotAffine as error:
                if not self._cut(node, error.cut, cuts):
                    self._hold(error.node)

    def _cut(self, node: Node, wish: tuple[int, int] | None, cuts: dict[int, Shape]) -> bool:
        """Note that an axis of the kernel's space is to be two loops; False: it cannot be."""
        if wish is None:
            return False
        space = Space(*self._space_of(node), cuts)
        variable, inner = wish
        axis = next(k for k, members in enumerate(space.groups) if variable in members)
        place = space.groups[axis].index(variable)
        parts = [space.extents[k] for k in space.groups[axis]]
        if len(space.extents) >= MOST_VARIABLES:
            return False
        parts[place : place + 1] = [parts[place] // inner, inner]
        cuts[axis] = tuple(parts)
        return True

    def _space_of(self, node: Node) -> tuple[Shape, Shape]:
        return reduce_space(node) if node.op == "reduce" else (squeeze(node.shape), ())

    def _hold(self, node: Node) -> None:
        """``node`` turned out to need a buffer: find it a kernel now, its users come after."""
        self.held.add(node)
        self._place(node)

    def _references(self, node: Node) -> list[Node]:
        """Held nodes that computing ``node`` reads."""
        found: dict[Node, None] = {}
        seen = {node}
        stack = [node]
        while stack:
            for source in stack.pop().src:
                if source in seen:
                    continue
                seen.add(source)
                if source in self.held:
                    found[source] = None
                else:
                    stack.append(source)
        return list(found)

    def _member(self, group: Group, node: Node, refs: list[Node]) -> None:
        self.group_of[node] = group
        self.refs[node] = refs
        group.reads.update(dict.fromkeys(refs))
        for ref in refs:
            readers = self.readers.setdefault(ref, [])
            if group not in readers:
                readers.append(group)
        for ref in refs:
            other = self.group_of.get(ref)
            if other is not None and other is not group:
                self._after(group, other)

    def _after(self, group: Group, other: Group) -> None:
        """``group`` runs after ``other``."""
        group.needs.add(other.number)
        new = (other.before | 1 << other.number) & ~group.before
        group.before |= new
        if not new or group is self.groups[-1]:
            return  # nothing can depend on the newest group yet
        for each in self.groups:
            if each.before >> group.number & 1:
                each.before |= new

    def _root(self, node: Node, refs: list[Node], cuts: dict[int, Shape]) -> None:
        builder = Builder(Space(*self._space_of(node), dict(cuts)), self.in_buffer)
        try:
            builder.add_root(node)
        except NotFusible:
            raise NotImplementedError(f"{node.op} of {node.dtype} has no lowering") from None
        group = Group(len(self.groups), builder=builder)
        group.roots.append(node)
        self.groups.append(group)
        self._member(group, node, refs)

    def _join(self, node: Node, refs: list[Node]) -> bool:
        """Compute ``node`` in a kernel that is there already, if one fits."""
        candidates: dict[Group, None] = {}
        for ref in reversed(refs):
            if (group := self.group_of.get(ref)) is not None:
                candidates[group] = None
        for ref in refs:
            # Kernels that read the same array, unless it is a small part of what they do.
            for group in self.readers.get(ref, ()):
                if group.builder is not None and ref.size == math.prod(group.builder.space.shape):
                    candidates[group] = None
        for group in candidates:
            if group.builder is None or group.roots[0] in self.copied:
                continue
            if (
                self._legal(group, refs)
                and self._belongs(group, node, refs)
                and self._try(group, node)
            ):
                self._member(group, node, refs)
                return True
        return False

    def _belongs(self, group: Group, node: Node, refs: list[Node]) -> bool:
        """Not the update of a parameter or of running statistics after the sum that it uses.

        It reads as much from elsewhere as from the sum, and would make a text of its own for each
        kind of sum, where on their own all updates of an optimiser are one kernel.
        """
        assert group.builder is not None
        space = group.builder.space
        if not space.axes or node.op == "reduce" or node not in self.wanted:
            return True
        if squeeze(node.shape) != space.row_shape:
            return True
        outside = [ref for ref in refs if self.group_of.get(ref) is not group]
        return not any(squeeze(ref.shape) == space.row_shape for ref in outside)

    def _legal(self, group: Group, refs: list[Node]) -> bool:
        """No other kernel has to run between ``group`` and what reads ``refs``."""
        for ref in refs:
            other = self.group_of.get(ref)
            if other is not None and other is not group and other.before >> group.number & 1:
                return False
        return True

    def _try(self, group: Group, node: Node) -> bool:
        builder = group.builder
        assert builder is not None
        if len(group.roots) >= MOST_STORES or builder.count > MOST_VALUES:
            return False
        space = builder.space
        if node.op == "reduce" and not space.axes:
            shape, axes = reduce_space(node)
            if shape != space.shape or not axes:
                return False
            fresh = Builder(Space(shape, axes, space.cuts), self.in_buffer)
            # Nodes that came to be held since would be read now, by a kernel that may run before.
            if any(self._references(root) != self.refs[root] for root in group.roots):
                return False
            if not _takes_in(fresh, (*group.roots, node)) or not _shares_well(fresh, node):
                return False
            group.builder = fresh
            group.roots.append(node)
            return True
        if not _takes_in(builder, (node,)):
            return False
        if not _shares_well(builder, node):
            del builder.roots[node]
            return False
        group.roots.append(node)
        return True

    # Order and outputs

    def _finish(self) -> list[Group]:
        wanted = set(self.wanted)
        for node, group in self.group_of.items():
            for ref in self.refs[node]:
                if self.group_of.get(ref) is not group:
                    wanted.add(ref)
        for group in self.groups:
            group.outputs = [node for node in group.roots if node in wanted]
        self._overwrite_last()
        return self._sorted()

    def _overwrite_last(self) -> None:
        """A kernel that may write over a donated input runs after the others that read it."""
        outputs = self.wanted
        for group in self.groups:
            results = group.outputs if group.node is None else [group.node]
            sizes = {node.nbytes for node in results if node in outputs}
            for ref in group.reads if sizes else ():
                if ref.op != "input" or ref.attrs["index"] not in self.donatable:
                    continue
                if ref.nbytes not in sizes:
                    continue
                for reader in self.readers[ref]:
                    if reader is not group and not reader.before >> group.number & 1:
                        self._after(group, reader)

    def _sorted(self) -> list[Group]:
        """As close to the order of the graph as the needs allow."""
        missing = [len(group.needs) for group in self.groups]
        waiting: list[list[Group]] = [[] for _ in self.groups]
        for group in self.groups:
            for number in group.needs:
                waiting[number].append(group)
        ready = [group.number for group in self.groups if not group.needs]
        order: list[Group] = []
        while ready:
            group = self.groups[heapq.heappop(ready)]
            order.append(group)
            for each in waiting[group.number]:
                missing[each.number] -= 1
                if not missing[each.number]:
                    heapq.heappush(ready, each.number)
        if len(order) != len(self.groups):
            raise InternalError("fuse: the kernels read each other in a circle")
        return order


def _takes_in(builder: Builder, roots: tuple[Node, ...]) -> bool:
    """Add ``roots`` to a builder, if one kernel can compute them; NotAffine where a cut helps."""
    try:
        for root in roots:
            builder.add_root(root)
    except NotFusible:
        return False
    except NotAffine as error:
        if error.cut is None:
            raise
        return False
    return True


def _shares_well(builder: Builder, node: Node) -> bool:
    """Whether threads can still share the kernel now that it computes ``node`` too."""
    space = builder.space
    if not space.axes:
        return True
    value, _, rows = builder.roots[node]
    if value.phase <= 1 if rows else value.phase == 0:
        return True
    # Otherwise the reductions must not go in two stages: nothing as long as the source may follow
    # these. A row whose last axis is reduced is a piece of work; otherwise a vector of rows is.
    enough = FEW_ROWS if len(space.shape) - 1 in space.axes else 16 * FEW_ROWS
    return _goes_in_one_stage(math.prod(space.shape), math.prod(space.row_shape), enough)


@decision
def _goes_in_one_stage(size: int, rows: int, enough: int) -> bool:
    return size <= LARGE or rows >= enough


def fuse(
    sinks: list[Node], donatable: frozenset[int] = frozenset()
) -> tuple[list[Group], set[Node]]:
    """Kernels in an order in which they can run, and the nodes that are in buffers.

    softmax's max, exp, sum and div -> one group whose only output is the quotient.
    """
    fuser = Fuser(sinks, donatable)
    return fuser.run(), fuser.held
