"""Twins: traces that differ in sizes only, and one mould for the plans of all of them.

The first two traces of a kind are planned as any other. From the third on the kind is known to
vary: its graph is compiled once with sizes that stand for many (``compiler/mould.py``), and a trace
of other sizes gets a cast of that mould, if each number in it is either the same in all traces seen
or the varying number that it was equal to (give or take a constant) in all of them, and if nothing
in the compiler would be decided otherwise. docs/decisions/0012 says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any, final

from rushlight.base.events import publish
from rushlight.base.hot import hot
from rushlight.compiler.plan import Plan
from rushlight.engine.drafted import piece_of
from rushlight.engine.kind import kind_of
from rushlight.engine.piece import Piece
from rushlight.engine.prune import drop_way, path_to
from rushlight.engine.trace import Step, Trace
from rushlight.engine.value import Meta
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.size import Number, Tape, is_about_sizes

EXAMPLES = 2  # plans made as usual before a mould is
MOULDS_LIMIT = 256  # of one family: those used last, and as many as have ...
SIZE_LIMIT = 1 << 19  # ... so many numbers on their tapes, 230 bytes each
KEPT_STEPS = 1 << 13  # of a trie: from there on a trace stays in it from the second time on
MET_LIMIT = 1 << 14  # traces of one family that are remembered by a number
PATIENCE = 32  # after so many new ones there must have been half as many casts
PARTS = 8  # after so many, too, or else the trace is cut into parts that are alike

Key = tuple[tuple[int, ...], tuple[int, ...]]


class Stats:
    """Counters for tests and ``rushlight doctor``."""

    moulds = 0
    casts = 0


stats = Stats()


@final
@hot
class Form:
    """A trace as steps with their numbers apart."""

    __slots__ = ("flat", "numbers", "parts", "path")

    @hot
    def __init__(self, trace: Trace, end: Step) -> None:
        self.path = path_to(end)
        metas: list[Meta] = []
        # Of each step what stays the same, and its numbers.
        self.parts: list[Any] = []
        self.numbers: list[tuple[Number, ...]] = []
        for step in self.path:
            if step.call is None:
                meta = step.entered
                assert meta is not None
                metas.append(meta)
                self.parts.append((meta.dtype, len(meta.shape)))
                self.numbers.append(meta.shape)
            else:
                piece = step.piece
                if piece is None:
                    sources = tuple([metas[place] for place in step.positions])
                    piece = piece_of(trace.pieces, step.call, sources, step.scalar_types)
                metas += step.metas
                self.parts.append(piece)
                self.numbers.append(piece.numbers)
        self.flat = list(chain.from_iterable(self.numbers))

    def like(self, other: Form) -> bool:
        """Whether both are the same but for their numbers (their families are the same)."""
        return all(
            a is b or (isinstance(a, Piece) and isinstance(b, Piece) and a.form == b.form) or a == b
            for a, b in zip(self.parts, other.parts, strict=True)
        )


@final
class Family:
    """All traces of a kind, for one set of live results."""

    def __init__(self) -> None:
        self.examples: list[Step] = []
        self.patterns: list[Pattern] = []  # the last that was of use first
        self.made = 0  # moulds, also those that were dropped
        self.casts = 0
        self.earlier = 0  # casts before the trie was pruned
        self.patient = 0  # casts up to the last time that so many moulds had been made
        self.whole = 0  # the same of fewer
        self.closed = False
        self.multiplies = False  # whether most sizes lead to a mould of their own
        self.met: set[int] = set()  # traces that were dropped from the trie, by their numbers

    def keeps(self, trace: Trace, form: Form) -> bool:
        """Whether the steps of a trace whose plan is a cast stay in the trie.

        Of a few sizes each comes again. Where there are many, most never do: their steps would be
        a burden to Python's collector, which took a quarter of the time of such programs, and to
        memory. They stay from the second time on.
        """
        if trace.steps <= KEPT_STEPS:
            return True
        number = hash(tuple(form.flat))
        if number in self.met:
            return True
        if len(self.met) >= MET_LIMIT:
            self.met.clear()
        self.met.add(number)
        return False

    def outlives(self, kept: set[Step]) -> bool:
        """Whether to know it where of all steps only ``kept`` are: it has been of use since the
        last time, or its traces are still there, or it is known to be hopeless."""
        useful = self.casts > self.earlier
        self.earlier = self.casts
        return useful or self.closed or not kept.isdisjoint(self.examples)

    def close(self) -> None:
        """Plan each size by itself from now on."""
        self.closed = True
        self.examples, self.patterns = [], []

    def cast(self, form: Form) -> Plan | None:
        """The plan of a trace by one of its moulds."""
        found: dict[Relations, list[Number] | None] = {}
        for place, pattern in enumerate(self.patterns):
            relations = pattern.relations
            if relations not in found:
                found[relations] = relations.variables(form)
            values = found[relations]
            plan = None if values is None else pattern.mould.cast(values)
            if plan is not None:
                self.patterns.insert(0, self.patterns.pop(place))
                self.casts += 1
                stats.casts += 1
                return plan
        return None

    def add(self, forms: Sequence[Form], key: Key) -> Plan | None:
        """The plan of the last of ``forms`` by a mould made of it."""
        live, donatable = key
        relations = Relations(forms)
        for each in self.patterns:
            if each.relations.same(relations):
                relations = each.relations
                break
        pattern = Pattern(forms[-1], relations, live, frozenset(donatable))
        self.patterns.insert(0, pattern)
        del self.patterns[how_many([each.mould.size for each in self.patterns]) :]
        self.made += 1
        if self.made % PARTS == 0:
            self.multiplies = self.casts - self.whole < PARTS // 2
            self.whole = self.casts
        if self.made % PATIENCE == 0:
            if self.casts - self.patient < PATIENCE // 2:
                self.close()
            self.patient = self.casts
        values = relations.variables(forms[-1])
        return None if values is None else pattern.mould.cast(values)


def how_many(sizes: Sequence[int]) -> int:
    """How many moulds of such sizes are kept, of those used last.

    >>> how_many([1 << 20, 3]), how_many([1 << 18] * 4), how_many([5] * 1000)
    (1, 2, 256)
    """
    fit = sum(size <= SIZE_LIMIT for size in accumulate(sizes))
    return max(1, min(MOULDS_LIMIT, fit))


@final
class Relations:
    """Which numbers of a trace vary, and which of these are equal, or a constant apart."""

    def __init__(self, forms: Sequence[Form]) -> None:
        """``forms``: the last one is what a mould is made from."""
        self.form = form = forms[-1]
        bases: dict[Any, tuple[int, Number]] = {}
        self.others: list[Number] = []  # the variables of the form before
        # Of each step with varying numbers: (place of the step, [(number, variable, distance)])
        self.varying: dict[int, list[tuple[int, int, Number]]] = {}
        for place, rows in enumerate(zip(*(each.numbers for each in forms), strict=True)):
            if all(row == rows[0] for row in rows):
                continue
            found: list[tuple[int, int, Number]] = []
            for number, column in enumerate(zip(*rows, strict=True)):
                if all(each == column[0] for each in column):
                    continue
                kind = type(column[0])
                key = (kind, *[each - column[0] for each in column]) if kind is int else column
                if key not in bases:
                    bases[key] = len(self.others), column[-1]
                    self.others.append(column[-2])
                variable, base = bases[key]
                found.append((number, variable, column[-1] - base))
            self.varying[place] = found
        # The same of all numbers of the form, one after another; and where each variable is first.
        starts = [0, *accumulate(map(len, form.numbers))]
        self.places = [
            (starts[place] + number, variable, distance)
            for place, found in self.varying.items()
            for number, variable, distance in found
        ]
        first = {variable: place for place, variable, _ in reversed(self.places)}
        self.first = [first[variable] for variable in range(len(self.others))]

    def same(self, other: Relations) -> bool:
        """Whether both fit the same traces."""
        mine, others = list(self.form.flat), list(other.form.flat)
        if self.places != other.places or len(mine) != len(others):
            return False
        for place, _, _ in self.places:
            mine[place] = others[place] = 0
        return mine == others and self.form.like(other.form)

    @hot
    def variables(self, form: Form) -> list[Number] | None:
        """The variables of another trace of the family; None where it has others."""
        given, expected = form.flat, list(self.form.flat)
        if len(given) != len(expected):
            return None
        values = [given[place] for place in self.first]
        for place, variable, distance in self.places:
            expected[place] = values[variable] + distance
        return values if given == expected and form.like(self.form) else None


@final
class Pattern:
    """A mould, and what the numbers are that it is cast with."""

    def __init__(
        self, form: Form, relations: Relations, live: Sequence[int], donatable: frozenset[int]
    ) -> None:
        """``form``: what the mould is made from."""
        from rushlight.compiler.mould import Mould  # compiles: imported with the first plan

        self.relations = relations
        tape = Tape([form.flat[place] for place in relations.first], relations.others)
        try:
            nodes = self._nodes(form, tape)
            sinks = [nodes[position] for position in live]
            self.mould = Mould(tape, sinks, form.path[-1].inputs, donatable)
        finally:
            tape.close()
        stats.moulds += 1

    def _nodes(self, form: Form, tape: Tape) -> list[Node]:
        nodes: list[Node] = []
        for place, (step, part) in enumerate(zip(form.path, form.parts, strict=True)):
            numbers: list[Any] = list(form.numbers[place])
            for number, variable, distance in self.relations.varying.get(place, ()):
                numbers[number] = tape.inputs[variable] + distance
            if step.call is None:
                nodes.append(build.input(step.inputs - 1, tuple(numbers), part[0]))
                continue
            first = len(step.scalars) - len(step.scalar_types)
            given = [nodes[source] for source in step.positions]
            given += [build.scalar(first + k, kind) for k, kind in enumerate(step.scalar_types)]
            nodes += part.build(given, numbers)
        return nodes


@hot
def plan_like_another(trace: Trace, key: Key) -> Plan | None:
    """The plan of what ``trace`` holds as a cast of a mould; None: plan it as usual."""
    end = trace.step
    live, donatable = key
    kind = (live, donatable, *[
        (kind_of(step.call), step.positions, step.scalar_types) if step.call is not None
        else _entered(step)
        for step in path_to(end)
    ])  # fmt: skip
    family: Family | None = trace.families.get(kind)
    if family is None:
        family = trace.families[kind] = Family()
    if family.closed:
        return None
    if not family.patterns and len(family.examples) < EXAMPLES:
        family.examples.append(end)
        return None
    form = Form(trace, end)
    trace.varies = True
    plan = family.cast(form)
    if plan is not None:
        trace.uncut = max(trace.uncut, end.count)
        _drop_if_new(trace, family, form)
        return plan
    forms = [Form(trace, each) for each in family.examples]
    forms = [*[each for each in forms if each.like(form)], form]
    if len(forms) == 1:
        family.examples = [*family.examples[-1:], end]
        return None
    try:
        plan = family.add(forms, key)
    except (NotImplementedError, TypeError, AttributeError) as reason:
        # There is no lowering, or one that takes nothing but ints (a Size is none, and what is not
        # made for it says so): each size by itself. Any other error is a defect, and is not hidden.
        if not isinstance(reason, NotImplementedError) and not is_about_sizes(reason):
            raise
        publish("no mould", reason=str(reason))
        family.close()
        return None
    parted = family.multiplies and trace.phrases.part(end)
    family.multiplies = False
    if not family.closed:
        family.examples = [family.examples[0], *family.examples[-2:], end][-4:]
        if not parted:
            _drop_if_new(trace, family, form)
    form.path = []  # what is known of a mould's numbers outlives its steps
    return plan


@hot
def _drop_if_new(trace: Trace, family: Family, form: Form) -> None:
    if not family.keeps(trace, form):
        drop_way(trace, form.path)


def _entered(step: Step) -> Any:
    meta = step.entered
    assert meta is not None
    return (meta.dtype, len(meta.shape))
