"""What a contraction does to its results before their only store: bias, relu, order of axes.

    maximum(add(conv(x, w), expand(bias)), 0)  ->  one kernel, conv with an epilogue

Only where nobody else looks at what is in between.
"""

from __future__ import annotations

from rushlight.base.dtype import float32, float64
from rushlight.base.record import Record
from rushlight.base.shape import Shape
from rushlight.ir.graph import Node

CONTRACTIONS = frozenset(("dot", "conv", "conv_input_grad"))


class Absorbed(Record):
    """``core`` with its epilogue; ``bias`` has one element for each place of the last axis."""

    core: Node
    bias: Node | None
    relu: bool
    axes: Shape | None  # the result is stored in this order of axes
    inside: tuple[Node, ...]  # the core and what follows it, but for the last node

    @property
    def sources(self) -> tuple[Node, ...]:
        return self.core.src if self.bias is None else (*self.core.src, self.bias)


def find_epilogues(
    order: list[Node], users: dict[Node, list[Node]], sinks: set[Node]
) -> dict[Node, Absorbed]:
    """The last node of each chain that a contraction can take in -> what it computes."""
    found: dict[Node, Absorbed] = {}
    for core in order:
        # Halves are rounded after every primitive: what follows in a register would not be.
        if core.op not in CONTRACTIONS or core.dtype not in (float32, float64):
            continue
        last, bias, relu, inside = core, None, False, [core]
        after = _only_user(last, users, sinks)
        if after is not None and after.op == "add":
            other = after.src[1] if after.src[0] is last else after.src[0]
            bias = bias_of(other) if other is not last else None
            if bias is not None:
                last = after
                inside.append(last)
                after = _only_user(last, users, sinks)
        if after is not None and _is_relu(after, last):
            last, relu = after, True
        if relu:
            inside.append(last)
        after = _only_user(last, users, sinks)
        axes = after.attrs["axes"] if after is not None and after.op == "permute" else None
        if after is not None and axes is not None and axes[-1] == core.ndim - 1:
            last = after  # rows stay rows: they only go elsewhere
        else:
            axes = None
        if last is not core:
            rest = tuple([node for node in inside if node is not last])
            found[last] = Absorbed(core, bias, relu, axes, rest)
    return found


def _only_user(node: Node, users: dict[Node, list[Node]], sinks: set[Node]) -> Node | None:
    readers = users[node]
    return readers[0] if len(readers) == 1 and node not in sinks else None


def bias_of(node: Node) -> Node | None:
    """The 1-d array that ``node`` repeats along all axes but the last, if it is one in memory."""
    channels = node.shape[-1]
    repeated = False
    while node.op in ("expand", "reshape"):
        if node.shape[-1:] != (channels,):
            break
        repeated = repeated or node.op == "expand"
        node = node.src[0]
    if node.shape != (channels,) or not repeated:
        return None
    return node if node.op not in ("const", "scalar", "iota") else None


def _is_relu(node: Node, x: Node) -> bool:
    if node.op != "maximum":
        return False
    other = node.src[1] if node.src[0] is x else node.src[0]
    while other.op in ("expand", "reshape"):
        other = other.src[0]
    return other.op == "const" and other.attrs["value"] == 0
