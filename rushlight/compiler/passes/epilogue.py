"""What a contraction does to its results before their only store: see ``Absorbed``.

    maximum(add(fma(conv(x, w), expand(scale), expand(shift)), y), 0)  ->  one kernel
    cast(dot(cast(x), cast(y)))  ->  one kernel of bf16, which sums in f32

Only where nobody else looks at what is in between.
"""

from __future__ import annotations

from rushlight.base.dtype import bfloat16, float32, float64
from rushlight.base.record import Record
from rushlight.base.shape import Shape
from rushlight.compiler.loops.build import INLINE
from rushlight.compiler.passes.narrow import is_widened
from rushlight.compiler.views import view_base, window
from rushlight.ir.graph import Node
from rushlight.runtime import cpu

CONTRACTIONS = frozenset(("dot", "conv", "conv_input_grad"))
# What a kernel makes in place of reading it.
_MADE = frozenset(("const", "scalar", "iota"))


class Absorbed(Record):
    """``core`` with its epilogue: (core + bias) * scale + shift + residual, cut to 0 (``relu``) and
    a ceiling, in another order of axes.

    Bias, scale and shift have one element for each place of the last axis.
    """

    core: Node
    bias: Node | None = None
    scale: Node | None = None
    shift: Node | None = None
    residual: Node | None = None
    relu: bool = False
    ceiling: float | None = None
    narrow: bool = False  # it reads bf16, under the casts of its sources, and rounds results to it
    axes: Shape | None = None  # the result is stored in this order of axes
    chain: tuple[Node, ...] = ()  # the core and what follows it, to the node that is stored

    @property
    def last(self) -> Node:
        return self.chain[-1]

    @property
    def inside(self) -> tuple[Node, ...]:
        """What is in registers only."""
        return self.chain[:-1]

    @property
    def extras(self) -> list[tuple[str, Node]]:
        """What is read beside the core's sources: names of an ``Epilogue``'s operands."""
        found = (
            ("bias", self.bias), ("scale", self.scale), ("shift", self.shift),
            ("residual", self.residual),
        )  # fmt: skip
        return [(name, node) for name, node in found if node is not None]

    @property
    def sources(self) -> tuple[Node, ...]:
        return (*self.operands, *[node for _, node in self.extras])

    @property
    def operands(self) -> tuple[Node, ...]:
        """What is multiplied."""
        sources = self.core.src
        return tuple([cast.src[0] for cast in sources]) if self.narrow else sources


def find_epilogues(
    order: list[Node], users: dict[Node, list[Node]], sinks: set[Node], donatable: frozenset[int]
) -> dict[Node, Absorbed]:
    """The last node of each chain that a contraction can take in -> what it computes.

    What is added to a donated input stays a kernel of its own, which writes over that input.
    """
    finder = _Finder(users, sinks, donatable)
    # Halves are rounded after every primitive: what follows in a register would not be.
    cores = [node for node in order if node.op in CONTRACTIONS and node.dtype in (float32, float64)]
    started = [finder.columns(core) for core in cores]
    finder.ends = {absorbed.last for absorbed in started}
    # Of two contractions whose results are added the later one adds: then the other is done.
    found = [finder.rest(absorbed) for absorbed in reversed(started)]
    return {absorbed.last: absorbed for absorbed in reversed(found) if absorbed.inside}


class _Finder:
    def __init__(
        self, users: dict[Node, list[Node]], sinks: set[Node], donatable: frozenset[int]
    ) -> None:
        self.users = users
        self.sinks = sinks
        self.donatable = donatable
        self.ends: set[Node] = set()  # of the chains of all contractions
        self.taken: set[Node] = set()  # sums that a contraction adds to

    def columns(self, core: Node) -> Absorbed:
        """The chain as far as it has one number for each column."""
        absorbed = Absorbed(core, chain=(core,))
        after = self._only_user(core)
        if after is not None and after.op == "add":
            bias = bias_of(_other(after, core))
            if bias is not None:
                absorbed = absorbed.replace(bias=bias, chain=(core, after))
                after = self._only_user(after)
        if after is None or after.op != "fma" or core.op == "dot":
            return absorbed
        if after.src[0] is not absorbed.last:
            return absorbed
        scale, shift = bias_of(after.src[1]), bias_of(after.src[2])
        if scale is None or shift is None:
            return absorbed
        vectors = [each for each in (absorbed.bias, scale, shift) if each is not None]
        if any(window(each)[2] != (1,) for each in vectors):
            return absorbed
        return absorbed.replace(scale=scale, shift=shift, chain=(*absorbed.chain, after))

    def rest(self, absorbed: Absorbed) -> Absorbed:
        """The chain to its end."""
        after = self._only_user(absorbed.last)
        if after is not None and after.op == "add" and after not in self.taken:
            other = _other(after, absorbed.last)
            if self._is_residual(absorbed, other):
                self.taken.add(after)
                absorbed = absorbed.replace(residual=other, chain=(*absorbed.chain, after))
                after = self._only_user(after)
        if after is not None and _is_relu(after, absorbed.last):
            absorbed = absorbed.replace(relu=True, chain=(*absorbed.chain, after))
        elif (raised := self._cut(absorbed.last, below=True)) and raised[2] == 0:
            cut = self._cut(raised[1], below=False)
            if cut is not None:
                chain = (*absorbed.chain, *raised[:2], *cut[:2])
                absorbed = absorbed.replace(relu=True, ceiling=cut[2], chain=chain)
        after = self._only_user(absorbed.last)
        if after is not None and _is_rounded(after, absorbed.core):
            absorbed = absorbed.replace(narrow=True, chain=(*absorbed.chain, after))
            after = self._only_user(after)
        if after is not None and after.op == "permute":
            axes = after.attrs["axes"]
            if axes[-1] == absorbed.core.ndim - 1:  # rows stay rows: they only go elsewhere
                absorbed = absorbed.replace(axes=axes, chain=(*absorbed.chain, after))
        return absorbed

    def _cut(self, node: Node, below: bool) -> tuple[Node, Node, float] | None:
        """(comparison, choice, limit) of a choice between ``node`` and a limit it is beyond, if
        nothing else reads it: where(node < limit, limit, node), or limit < node."""
        readers = self.users[node]
        if (
            len(readers) != 2
            or node in self.sinks
            or {one.op for one in readers} != {"lt", "where"}
        ):
            return None
        test, choice = sorted(readers, key=lambda one: one.op)
        limit = _const(test.src[1 if below else 0])
        if limit is None or test.src[0 if below else 1] is not node:
            return None
        same = choice.src[0] is test and choice.src[2] is node and _const(choice.src[1]) == limit
        return (test, choice, limit) if same and self._only_user(test) is choice else None

    def _only_user(self, node: Node) -> Node | None:
        readers = self.users[node]
        return readers[0] if len(readers) == 1 and node not in self.sinks else None

    def _is_residual(self, absorbed: Absorbed, node: Node) -> bool:
        """Whether ``node`` is in memory in any case, and the kernel is as good that adds it."""
        core, base = absorbed.core, view_base(node)
        if node is absorbed.last or base.op in _MADE or node.dtype is not core.dtype:
            return False
        if core.op != "dot" and core.shape[-1] % cpu.host().lanes(core.dtype.itemsize):
            return False  # kernels for few channels store some results twice
        if window(node)[2][-1] != 1:
            return False  # it would be read number by number
        if base.op == "input":
            return base.attrs["index"] not in self.donatable
        return base.op not in INLINE or base in self.ends or len(self.users[base]) > 1


def _other(node: Node, one: Node) -> Node:
    return node.src[1] if node.src[0] is one else node.src[0]


def bias_of(node: Node) -> Node | None:
    """The 1-d array that ``node`` repeats along all axes but the last, if it is one in memory."""
    channels = node.shape[-1]
    while node.op in ("expand", "reshape") and node.shape[-1:] == (channels,):
        node = node.src[0]
    if node.shape != (channels,):
        return None
    return node if node.op not in _MADE else None


def _is_rounded(node: Node, core: Node) -> bool:
    """Whether ``node`` rounds a product of widened bf16 to bf16."""
    rounds = node.op == "cast" and node.dtype is bfloat16
    return rounds and core.op == "dot" and all(map(is_widened, core.src))


def _is_relu(node: Node, x: Node) -> bool:
    return node.op == "maximum" and _const(_other(node, x)) == 0


def _const(node: Node) -> float | None:
    """The number that ``node`` is everywhere, if it is one."""
    while node.op in ("expand", "reshape"):
        node = node.src[0]
    return float(node.attrs["value"]) if node.op == "const" else None
