"""Steps: what the trie of recorded operations is made of, see ``engine/trace.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.engine.call import Call, Gradient, flatten
from rushlight.engine.drafted import gradient_of
from rushlight.engine.value import Meta
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout

BYTES_LIMIT = 2 << 30  # bytes of results of a trace before it is flushed


def _refuse_inference(gradient: Gradient, metas: tuple[Meta, ...]) -> None:
    """RuntimeError where a gradient would save a tensor made in ``inference_mode``."""
    if any(place < len(metas) and metas[place].inference for place in gradient.saves):
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )


@final
@hot
class Step:
    """One recorded operation in the context of all before it."""

    __slots__ = (
        "call",
        "children",
        "copied",
        "count",
        "cut",
        "entered",
        "full",
        "gradients",
        "inputs",
        "known",
        "meta",
        "metas",
        "moves",
        "nbytes",
        "nodes",
        "parent",
        "passages",
        "piece",
        "plans",
        "positions",
        "scalar_types",
        "scalars",
        "site",
        "slides",
        "start",
        "structure",
        "used",
        "windows",
        "written",
    )

    @hot
    def __init__(self, parent: Step | None, call: Call | None) -> None:
        self.parent = parent
        self.call = call
        self.children: dict[Any, Step] = {}
        self.plans: dict[Any, Any] = {}
        self.known: Any = None  # what the last flush here found: see engine/flush.py
        self.used = -1  # flushes before the last one here: see engine/prune.py
        self.nodes: tuple[Node, ...] | None = ()  # None: see ``build``
        self.piece: Any = None  # of a call that was recorded without nodes, see engine/piece.py
        self.metas: tuple[Meta, ...] = ()
        self.meta: Meta | None = None  # of the result, where there is exactly one
        self.structure: Any = None  # the type of the result, where there are several
        self.start: int = parent.count if parent else 0  # position of the first result
        self.count: int = self.start
        self.inputs: int = parent.inputs if parent else 0
        self.scalars: tuple[DType, ...] = parent.scalars if parent else ()
        self.nbytes: int = parent.nbytes if parent else 0
        self.full = False  # whether a trace that comes here is flushed
        self.positions: tuple[int, ...] = ()
        self.scalar_types: tuple[DType, ...] = ()
        self.gradients: dict[int, Gradient | None] = {}
        # Where backward passes from here came out: see tensor.replay.
        self.passages: dict[Any, Any] = {}
        self.entered: Meta | None = None  # of the array that this step takes in, if it does
        self.site: Any = None  # the user's line
        # The Turn that traces are cut by here: see engine/turn.py.
        self.cut: Any = parent.cut if parent else None
        self.windows = 0  # views of memory that were new here: see engine/window.py
        self.copied: dict[Layout, int] = {}  # bytes of each large one of them, all copies together
        # Kinds of views that were taken in as copies on the way here, because they move.
        self.slides: frozenset[Meta] = parent.slides if parent else frozenset()
        # Places written to here, and whether those from here on are numbers of the run.
        self.written: set[tuple[int, int]] | None = None
        self.moves: bool = parent.moves if parent else False

    def gradient(self, mask: int, metas: tuple[Meta, ...]) -> Gradient | None:
        """The gradient for the inputs in ``mask``, or None where nothing flows."""
        if mask not in self.gradients:
            assert self.call is not None
            if self.nodes is None:  # a step like another but for its sizes, most likely
                found = gradient_of(self.call, metas, self.scalar_types, self.metas, mask)
            else:
                found = self.call.gradient((metas, self.scalar_types), self.metas, mask)
            if found is not None:
                _refuse_inference(found, metas)
            self.gradients[mask] = found
        return self.gradients[mask]

    def all_nodes(self) -> list[Node]:
        """The nodes of every position from the root to here."""
        path: list[Step] = []
        step: Step | None = self
        while step is not None:
            path.append(step)
            step = step.parent
        nodes: list[Node] = []
        for each in reversed(path):
            nodes += each.nodes if each.nodes is not None else each.build(nodes)
        return nodes

    def build(self, known: Sequence[Node]) -> tuple[Node, ...]:
        """The nodes of a step that was recorded without, on those of all positions before it.

        They are not kept: most such steps are never planned as they stand but cast, and a node is
        as large as the step itself.
        """
        if self.call is None:
            assert self.entered is not None
            shape = tuple(self.entered.shape)
            return (build.input(self.inputs - 1, shape, self.entered.dtype),)
        first = len(self.scalars) - len(self.scalar_types)
        scalars = [build.scalar(first + k, kind) for k, kind in enumerate(self.scalar_types)]
        build.set_site(self.site)
        return flatten(self.call.build([known[place] for place in self.positions], scalars))
