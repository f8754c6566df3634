"""The ``loop`` primitive: a small graph run once a step, with values carried from step to step.

    loop(sequences.., carries.., constants..)      body: input k is source number k

In step t the body gets row t of each sequence, each carry's value so far (the source gives the
first), and each constant. Its results are the new values of the carries, then more results. All of
them, one dtype, are collected in one flat array, *regions* one after another:

* a carry that is ``kept``: steps + 1 rows, in order of time; the row of its start is first, or,
  if ``reverse`` (the last step runs first), last;
* a carry that is not: two rows in turn, of which ``Loop.final`` tells the last written;
* another result: a row for each step.

The body travels as text: equal texts are equal loops, and nothing in a plan grows with the length
of the sequence but the list of launches.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import final

from rushlight.base.dtype import dtype as DType
from rushlight.base.record import Record
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.text import from_text, to_text

Shape = tuple[int, ...]


@functools.lru_cache(maxsize=256)
def read_body(text: str) -> tuple[Node, ...]:
    """The results of a body; the same nodes each time."""
    return tuple(from_text(text))


@functools.lru_cache(maxsize=256)
def _written(body: tuple[Node, ...]) -> str:
    """The text of a body: the same nodes come for each length of a sequence."""
    return to_text(list(body))


@final
class Loop(Record):
    """A loop's attributes, and where everything lies in its result."""

    body: str
    steps: int
    sequences: int
    carries: int
    kept: tuple[bool, ...]
    reverse: bool

    @staticmethod
    def of(node: Node) -> Loop:
        """What a ``loop`` node says of itself."""
        return Loop(**{name: node.attrs[name] for name in Loop.NAMES})

    @property
    def sinks(self) -> tuple[Node, ...]:
        return read_body(self.body)

    @property
    def order(self) -> range:
        """The steps as they run."""
        return range(self.steps - 1, -1, -1) if self.reverse else range(self.steps)

    def turn(self, number: int) -> int:
        """The step that runs as number ``number``, as ``order`` has it, of a varying size too."""
        return self.steps - 1 - number if self.reverse else number

    def rows(self, place: int) -> int:
        """How many rows the region of result ``place`` has."""
        if place >= self.carries:
            return self.steps
        return self.steps + 1 if self.kept[place] else 2

    def start(self, place: int) -> int:
        """The first element of the region of result ``place``."""
        return sum([self.rows(number) * self.sinks[number].size for number in range(place)])

    @property
    def size(self) -> int:
        """Elements of the whole result."""
        return self.start(len(self.sinks))

    def row_before(self, place: int, step: int) -> int:
        """The row of carry ``place`` that ``step`` reads."""
        if not self.kept[place]:
            return step % 2
        return step + 1 if self.reverse else step

    def row_after(self, place: int, step: int) -> int:
        """The row of result ``place`` that ``step`` writes."""
        if place >= self.carries:
            return step
        if not self.kept[place]:
            return (step + 1) % 2
        return step if self.reverse else step + 1

    def window(self, place: int, row: int) -> slice:
        """Where one row lies in the flat result."""
        size = self.sinks[place].size
        first = self.start(place) + row * size
        return slice(first, first + size)

    def region(self, node: Node, place: int, first: int = 0, rows: int | None = None) -> Node:
        """Rows ``first ..`` of a region of ``node``, a loop's result: (rows, *shape)."""
        shape = self.sinks[place].shape
        count = self.rows(place) - first if rows is None else rows
        size = self.sinks[place].size
        flat = build.slice(node, (self.start(place) + first * size,), (count * size,), (1,))
        return build.reshape(flat, (count, *shape))

    def together(self, node: Node, place: int, count: int) -> Node:
        """Results ``place ..`` of equal shapes, none of them a carry: (count, steps, *shape)."""
        shape = self.sinks[place].shape
        size = self.steps * self.sinks[place].size
        flat = build.slice(node, (self.start(place),), (count * size,), (1,))
        return build.reshape(flat, (count, self.steps, *shape))

    def before(self, node: Node, place: int) -> Node:
        """For each step the value of a kept carry that it read: (steps, *shape)."""
        return self.region(node, place, int(self.reverse), self.steps)

    def after(self, node: Node, place: int) -> Node:
        """For each step what it made of a kept carry or of another result: (steps, *shape)."""
        first = int(place < self.carries and not self.reverse)
        return self.region(node, place, first, self.steps)

    def final(self, node: Node, place: int) -> Node:
        """What the last step made of a carry."""
        row = self.row_after(place, self.turn(self.steps - 1))
        return build.reshape(self.region(node, place, row, 1), self.sinks[place].shape)


def loop(
    body: Sequence[Node], sequences: Sequence[Node], carries: Sequence[Node],
    constants: Sequence[Node], *, steps: int, kept: Sequence[bool], reverse: bool, dtype: DType,
) -> tuple[Node, Loop]:  # fmt: skip
    """The node, and the ``Loop`` to find its results with.

    ``body``: what a step makes of its ``input`` nodes, numbered as the sources are.
    """
    form = Loop(
        _written(tuple(body)), steps, len(sequences), len(carries), tuple(kept), bool(reverse)
    )
    attrs = {name: getattr(form, name) for name in Loop.NAMES}
    node = Node("loop", (*sequences, *carries, *constants), (form.size,), dtype, attrs)
    return node, form
