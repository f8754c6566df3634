"""Drafts: what calls build, drawn once for all sizes that lead to the same graph.

Where each step has sizes never met, each call would run its body, and each gradient be derived,
to find the graph of last time with other numbers in it. So a call that comes with a third
combination of sizes draws a ``Draft``: its body (or its gradient's rules) run once on sizes that
take notes (``ir/size.py``), as the compiler does for a mould. Pieces of other sizes are made of the
notes, unless something would have been decided otherwise; then the body runs as ever.

A draft is taken only if it gives just what the body gives for the sizes that it was drawn from. A
body that asks whether a size is an ``int`` would be told no; that must not lead to numbers which
depend on *how many* in a way that those sizes do not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.base.warn import recording
from rushlight.engine.call import Gradient, OpCall, flatten
from rushlight.engine.kind import kind_of, with_numbers
from rushlight.engine.piece import Exact, Piece, shared, taken_apart
from rushlight.engine.value import Meta, meta_of
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.size import Number, Tape

KEPT_LIMIT = 1 << 11  # numbers that each draft keeps
_NO_SITES: dict[int, Any] = {}
# Constants of a graph that hold no size.
_PLAIN = (bool, int, float, complex, str, type(None), DType)
_made = object.__new__


class _Unfit(Exception):
    """A call of which there is no draft."""


@final
class _Shape:
    """The kind of a placeholder: a ``Meta`` whose shape may hold sizes."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[Any, ...], dtype: DType) -> None:
        self.shape = shape
        self.dtype = dtype


@final
class Example:
    """A call on arguments of these kinds, and its numbers."""

    __slots__ = ("call", "flat", "metas", "scalar_types")

    def __init__(
        self, call: Any, metas: Sequence[Meta], scalar_types: tuple[DType, ...], flat: list[int]
    ) -> None:
        self.call = call  # an OpCall, or the Gradient of one
        self.metas = metas
        self.scalar_types = scalar_types
        self.flat = flat

    @property
    def op_call(self) -> OpCall:
        found: OpCall = self.call.call if isinstance(self.call, Gradient) else self.call
        return found

    def piece(self) -> Piece:
        """As its body builds it."""
        call = self.call
        if not isinstance(call, Gradient):
            return Piece(call, self.metas, self.scalar_types)
        if call.piece is None:
            outs = [m for place, m in enumerate(call.out_metas) if call.given >> place & 1]
            saved = [(*call.metas, *call.out_metas)[place] for place in call.saves]
            call.piece = Piece(call, [*outs, *saved], self.scalar_types)
        found: Piece = call.piece
        return found

    def facts(self) -> Any:
        """What is known of the call beside its piece."""
        call = self.call
        if isinstance(call, Gradient):
            return call.saves, call.targets, call.keeps
        return call.single

    def drawn(self, numbers: Sequence[Any]) -> tuple[list[Node], Any, Any]:
        """What it builds of other ``numbers``: placeholders, results and facts."""
        rest = iter(numbers)
        known = self.op_call
        op_call = OpCall(known.op, with_numbers(known.template, rest))
        metas = [_Shape(tuple([next(rest) for _ in m.shape]), m.dtype) for m in self.metas]
        call: Any = op_call
        if isinstance(self.call, Gradient):
            op_call.single = known.single
            outs = [
                _Shape(tuple([next(rest) for _ in m.shape]), m.dtype) for m in self.call.out_metas
            ]
            gradient = self.call
            call = Gradient(
                op_call, tuple(metas), tuple(outs), gradient.mask, gradient.given,
                self.scalar_types,
            )  # fmt: skip
            assert call.drawn is not None
            tensors, scalars, grads = call.drawn
            call.drawn = None
            result = call._results(grads)
        else:
            tensors = [Node("input", (), m.shape, m.dtype, {"index": -1}) for m in metas]
            scalars = [build.scalar(-1, kind) for kind in self.scalar_types]
            result = call.build(tensors, scalars)
        return [*tensors, *scalars], result, Example(call, (), (), []).facts()


@final
@hot
class Draft:
    """The piece of a call without its numbers."""

    __slots__ = (
        "constants", "facts", "first", "form", "given", "kind", "replay", "results", "sites",
        "structure", "where",
    )  # fmt: skip

    def __init__(self, before: Example, now: Example) -> None:
        """Of ``now``; sizes that were equal ``before``, too, are one. Raises _Unfit."""
        self._relate(before.flat, now.flat, len(now.op_call.numbers))
        flat = now.flat
        tape = Tape(
            [flat[place] for place in self.first], [before.flat[place] for place in self.first]
        )
        inputs = [*tape.inputs, *self.constants]
        numbers: list[Any] = []
        sites: dict[int, Any] = {}
        try:
            with recording.without_warnings():
                given, result, self.facts = now.drawn([inputs[place] for place in self.where])
            sinks = flatten(result)
            self.structure = None if isinstance(result, Node) else type(result)
            form = taken_apart(given, sinks, numbers, sites)
            _require_plain(form)
            places = [tape.place(number) for number in numbers]
        finally:
            tape.close()
        self.replay = tape.replayed(places, KEPT_LIMIT)
        self.kind = kind_of(now.call)
        self.form = shared(form, self.kind)
        self.sites = tuple(sites)
        self.given = len(given)
        self._find_results(sinks, given)
        for example in (now, before):
            found = self.numbers(example.flat)
            if found is not None or example is now:
                self._require_same(found, example)

    def _relate(self, before: list[int], now: list[int], constants: int) -> None:
        """Which numbers are one variable; of the first ``constants`` those that stay are none."""
        known: dict[tuple[int, int], int] = {}
        self.first: list[int] = []
        self.constants: list[int] = []
        self.where: list[int] = []
        for place, pair in enumerate(zip(before, now, strict=True)):
            if place < constants and pair[0] == pair[1]:
                self.constants.append(pair[1])
                self.where.append(-len(self.constants))
            else:
                if pair not in known:
                    known[pair] = len(self.first)
                    self.first.append(place)
                self.where.append(known[pair])
        # Constants come after the variables, in the order in which they are met.
        self.where = [k if k >= 0 else len(self.first) - 1 - k for k in self.where]

    def _find_results(self, sinks: Sequence[Node], given: Sequence[Node]) -> None:
        """Where shapes of results are: (place among the arguments or -1, start, stop, dtype)."""
        rows, places = self.form
        starts, start = [], 0
        for _, _, rank, _, attrs in rows:
            starts.append((start, start + rank))
            start += rank + sum(_count(value) for _, value in attrs)
        self.results: list[tuple[int, int, int, DType]] = []
        for node, place in zip(sinks, places, strict=True):
            if place < len(given):
                if node.op != "input":
                    raise _Unfit("a result that is a number of the user's")
                self.results.append((place, 0, 0, node.dtype))
            else:
                self.results.append((-1, *starts[place - len(given)], node.dtype))

    def _require_same(self, found: tuple[Number, ...] | None, example: Example) -> None:
        piece, facts = example.piece(), example.facts()
        if (
            found is None
            or facts != self.facts
            or piece.structure is not self.structure
            or piece.form != self.form
            or piece.numbers != found
            or [*map(type, piece.numbers)] != [*map(type, found)]
            or tuple(piece.sites) != self.sites
        ):
            raise _Unfit("another graph than that of its body")

    @hot
    def numbers(self, flat: list[int]) -> tuple[Number, ...] | None:
        """The numbers of the piece of a call that has these; None where it is another piece."""
        values = [flat[place] for place in self.first]
        values += self.constants
        if [values[place] for place in self.where] != flat:
            return None
        return self.replay.run(values)

    @hot
    def cast(self, numbers: tuple[Any, ...], metas: Sequence[Meta]) -> Piece:
        """The piece of these numbers on such arguments."""
        piece = _made(Piece)
        piece.form = form = self.form
        piece.rows, piece.sinks = form
        piece.structure = self.structure
        piece.numbers = numbers
        piece.sites = _NO_SITES
        if self.sites:
            piece.sites = dict.fromkeys(self.sites, build.current_site())
        found = []
        for place, start, stop, dtype in self.results:
            shape = metas[place].shape if place >= 0 else numbers[start:stop]
            found.append(meta_of(shape, dtype))
        piece.metas = tuple(found)
        return piece


def _count(value: Any) -> int:
    """How many numbers were taken out of what was this."""
    if type(value) is tuple:
        return sum(map(_count, value))
    return 1 if isinstance(value, str) else 0


def _require_plain(form: Any) -> None:
    for row in form[0]:
        for _, value in row[4]:
            _require_plain_value(value)


def _require_plain_value(value: Any) -> None:
    if type(value) is tuple:
        for each in value:
            _require_plain_value(each)
    elif isinstance(value, Exact) and not isinstance(value.value, _PLAIN):
        raise _Unfit(f"a constant of type {type(value.value).__name__}")
