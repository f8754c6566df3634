"""Which values get a buffer: see ``passes/fuse.py``, which finds each of them a kernel."""

from __future__ import annotations

import math

from rushlight.compiler.loops.build import INLINE, MOVES
from rushlight.compiler.passes.epilogue import Absorbed
from rushlight.compiler.passes.reads import COSTLY, Reads, is_repeated
from rushlight.compiler.views import view_base
from rushlight.ir.graph import Node
from rushlight.ir.primitives import ELEMENTWISE

# A longer chain is held in between: kernels are written by recursion, and registers are few.
MOST_DEPTH = 60


def choose_held(order: list[Node], wanted: set[Node], epilogues: dict[Node, Absorbed]) -> set[Node]:
    """The nodes of ``order`` that get a buffer; ``wanted`` do in any case."""
    held = set(wanted)
    inside: set[Node] = set()  # computed in the registers of a contraction only
    for last, absorbed in epilogues.items():
        held.add(last)
        inside.update(absorbed.inside)
    for node in order:
        taken = epilogues.get(node)
        if taken is not None:
            for source in taken.sources:
                held.add(view_base(source))
            continue
        if node in inside:
            continue
        if node.op in INLINE:
            if node.op == "reduce":
                held.add(node)
            elif node.op == "expand" and math.prod(node.shape) > node.src[0].size:
                _hold_costly(node.src[0], held)
            continue
        held.add(node)
        for source in node.src:
            held.add(view_base(source))
    reads = Reads(order, wanted)
    uses = dict.fromkeys(order, 0)
    cost: dict[Node, tuple[int, int]] = {}
    depth: dict[Node, int] = {}
    for node in order:
        deep = 1 + max([depth[source] for source in node.src], default=0)
        if deep > MOST_DEPTH and node.op in ELEMENTWISE and node not in inside:
            held.add(node)
        depth[node] = 0 if node in held else deep
        cost[node] = _cost(node, cost, held)
    for node in reversed(order):
        free = node not in held and node not in inside
        if node.op in ELEMENTWISE and free and uses[node] > 1:
            loads, work = cost[node]
            if (loads > 1 or work > 4) and not reads.spares(node):
                held.add(node)
        times = 1 if node in held else max(uses[node], 1)
        taken = epilogues.get(node)
        if taken is not None:
            for source in taken.sources:
                uses[source] += 1
            continue
        for source in node.src:
            uses[source] += times
    return held


def _hold_costly(node: Node, held: set[Node]) -> None:
    """What is repeated along an axis is computed before, if it costs anything."""
    while node.op in MOVES and node not in held:
        if node.op == "pad":
            return
        node = node.src[0]
    stack = [node]
    while stack:
        each = stack.pop()
        if each in held or each.op not in ELEMENTWISE:
            continue
        if each.op in COSTLY:
            held.add(node)
            return
        stack += each.src


def _cost(node: Node, cost: dict[Node, tuple[int, int]], held: set[Node]) -> tuple[int, int]:
    """(arrays read, operations) to compute one element where it is used."""
    if node in held or node.op in ("input", "reduce"):
        return 1, 0
    if node.op in ("const", "iota", "scalar"):
        return 0, 0
    if node.op == "expand" and is_repeated(node):
        loads, work = cost[node.src[0]]
        return 0, work + (1 if loads else 0)
    loads = work = 0
    for source in node.src:
        more, extra = cost[source]
        loads, work = loads + more, work + extra
    if node.op in ELEMENTWISE:
        work += 20 if node.op in COSTLY else 1
    return loads, work
