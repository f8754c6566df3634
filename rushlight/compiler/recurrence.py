"""Loops (``ir/loop.py``): the body is lowered once, its launches repeated for every step.

Only addresses differ between steps, so a kernel is compiled once for any number of them. What
packs a constant (the weights of the recurrent product) runs once, before the first step.

Where the number of steps is a size of a mould (``ir/size.py``), only the first turns are written
down: rows follow each other at one distance, and what is overwritten in turn has two places, so
that turn k + 2 is as far from turn k as turn 3 from turn 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous, copy, is_contiguous
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.compiler.lower import TURNS, Step, lower_group, operand, short_name
from rushlight.compiler.passes.fuse import fuse
from rushlight.compiler.passes.layout import layout
from rushlight.compiler.passes.simplify import simplify
from rushlight.compiler.views import base_of
from rushlight.ir.graph import Node, toposort
from rushlight.ir.loop import Loop
from rushlight.ir.size import Size


def lower_loop(node: Node) -> list[Step]:
    """The launches of a ``loop`` node: before the steps, then step by step."""
    form = Loop.of(node)
    before, sources = _sources(node, form)
    sinks, launches = lower_body(form.sinks, form.sequences + form.carries)
    itemsize = node.dtype.itemsize
    for place in range(form.carries):
        window = form.window(place, form.row_before(place, form.turn(0)))
        source = sources[form.sequences + place]
        out = source.replace(ref=Ref(node, window.start * itemsize))
        before += copy(source, out, "loop start")
    places = _Places(node, form, sources, {sink: place for place, sink in enumerate(sinks)})
    repeated: list[Launch] = []
    for launch in launches:
        if places.runs_once(launch):
            before.append(places.moved(launch, form.turn(0)))
        else:
            repeated.append(launch)
    varies = isinstance(form.steps, Size) and form.steps >= TURNS
    steps = [form.turn(number) for number in range(TURNS)] if varies else form.order
    turns = [Step(places.moved(launch, step), node) for step in steps for launch in repeated]
    if varies:
        for each in turns:
            each.turns = form.steps
    return [Step(launch, node) for launch in before] + turns


def lower_body(body: Sequence[Node], varying: int) -> tuple[list[Node], list[Launch]]:
    """The nodes in whose buffers the results will be, and the launches of one step.

    The first ``varying`` inputs change from step to step, the others do not.
    """
    sinks = list(body)
    for step in (simplify, layout, simplify):
        sinks = step(sinks)
    taken: set[Node] = set()
    stored = []
    for sink in sinks:
        base = base_of(sink)
        if base.op in ("input", "scalar") or base in taken:
            base = sink = Node("bitcast", (sink,), sink.shape, sink.dtype)
        taken.add(base)
        stored.append(sink)
    groups, _ = fuse(stored)
    inputs = [node for node in toposort(stored) if node.op == "input"]
    constant = frozenset([node for node in inputs if node.attrs["index"] >= varying])
    steps = [step for group in groups for step in lower_group(group, {}, constant)]
    return [base_of(sink) for sink in stored], [step.launch for step in steps]


def _sources(node: Node, form: Loop) -> tuple[list[Launch], list[Operand]]:
    """Sources as the body reads them: rows of sequences, and all else, without gaps."""
    launches: list[Launch] = []
    operands = []
    for place, source in enumerate(node.src):
        ready = operand(source)
        row = ready.pick(0) if place < form.sequences else ready
        if not is_contiguous(row):
            made, ready = contiguous(ready)
            launches += made
        operands.append(ready)
    return launches, operands


class _Places:
    """Where the buffers of the body are in each step."""

    def __init__(
        self, node: Node, form: Loop, sources: list[Operand], sinks: dict[Node, int]
    ) -> None:
        self.node = node
        self.form = form
        self.sources = sources
        self.sinks = sinks
        self.made: dict[object, Scratch] = {}
        self.seen: set[object] = set()
        self.constant: set[object] = set()
        itemsize = self.node.dtype.itemsize
        places = range(len(self.form.sinks))
        self.starts = [self.form.start(place) * itemsize for place in places]
        self.row_bytes = [sink.size * itemsize for sink in self.form.sinks]

    def runs_once(self, launch: Launch) -> bool:
        """Whether a launch makes the same in every step: a copy of constants to new memory."""
        read = written = False
        for ref in launch.pointers:
            buffer = ref.buffer
            if self._is_constant(buffer):
                read = True
            elif isinstance(buffer, Scratch) and buffer not in self.seen:
                written = True
            else:
                self.seen.update(each.buffer for each in launch.pointers)
                return False
        self.seen.update(each.buffer for each in launch.pointers)
        once = read and written and not launch.flops
        if once:
            self.constant.update(each.buffer for each in launch.pointers)
        return once

    def _is_constant(self, buffer: object) -> bool:
        if isinstance(buffer, Node) and buffer.op == "input":
            index: int = buffer.attrs["index"]
            return index >= self.form.sequences + self.form.carries
        return buffer in self.constant

    def moved(self, launch: Launch, step: int) -> Launch:
        """``launch`` with the addresses of ``step``."""
        return launch.replace(pointers=tuple([self._at(ref, step) for ref in launch.pointers]))

    def _at(self, ref: Ref, step: int) -> Ref:
        buffer, form = ref.buffer, self.form
        if isinstance(buffer, Node) and buffer.op == "input":
            index: int = buffer.attrs["index"]
            source = self.sources[index]
            if index < form.sequences:
                return source.ref.at(step * source.step(0) + ref.offset_bytes)
            place = index - form.sequences
            if place >= form.carries:
                return source.ref.at(ref.offset_bytes)
            return self._result(place, form.row_before(place, step), ref)
        if isinstance(buffer, Node) and buffer in self.sinks:
            place = self.sinks[buffer]
            return self._result(place, form.row_after(place, step), ref)
        if isinstance(buffer, Scratch):
            return ref
        if isinstance(buffer, Node) and buffer not in self.made:
            short_name(buffer.dtype, buffer.op)
            self.made[buffer] = Scratch(max(buffer.nbytes, 64))
        return Ref(self.made[buffer], ref.offset_bytes)

    def _result(self, place: int, row: int, ref: Ref) -> Ref:
        start = self.starts[place] + row * self.row_bytes[place]
        return Ref(self.node, start + ref.offset_bytes)
