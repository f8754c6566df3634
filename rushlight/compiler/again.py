"""What a plan lowers again: the same kernel over other buffers.

A network repeats itself: ResNet-152 has fifty blocks alike, a recurrence written in Python as many
as a sequence has words. Two kernels of one plan whose keys are equal differ in their buffers only,
so that the launches of the first serve for the second, with the names of its buffers put in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.compiler.contraction import Operand
from rushlight.compiler.launch import Launch, Scratch
from rushlight.compiler.loops.build import Builder, needed_values
from rushlight.compiler.loops.lower import Pairs, label_of
from rushlight.ir.graph import Node
from rushlight.ir.size import Size

Launches = list[tuple[Launch, Pairs]]


class Again:
    """The launches of one plan so far, or of one mould: sizes that are found equal are noted."""

    def __init__(self) -> None:
        self.known: dict[Any, tuple[Sequence[Node], Launches]] = {}

    def launches(self, key: Any, buffers: Sequence[Node], make: Callable[[], Launches]) -> Launches:
        """What ``make`` gives for these buffers. ``key`` says everything else, by their places."""
        found = self.known.get(key)
        if found is None:
            made = make()
            self.known[key] = buffers, made
            return made
        before, made = found
        names: dict[Any, Any] = dict(zip(before, buffers, strict=True))
        for launch, _ in made:
            for ref in launch.pointers:
                if isinstance(ref.buffer, Scratch) and ref.buffer not in names:
                    names[ref.buffer] = Scratch(ref.buffer.nbytes)
        return [
            (launch.over(names), [(names[output], names[source]) for output, source in pairs])
            for launch, pairs in made
        ]


def loop_key(builder: Builder, outputs: Sequence[Node]) -> tuple[Any, list[Node]]:
    """What decides the launches of a loop kernel, and its buffers in the order of the key."""
    roots = [builder.roots[node] for node in outputs]
    values = needed_values([value for value, _, _ in roots])
    number = {value: place for place, value in enumerate(values)}
    buffers: dict[Node, int] = {}
    rows: list[Any] = []
    for value in values:
        data = value.data
        if value.op == "load":
            data = (buffers.setdefault(data[0], len(buffers)), data[1])
        elif value.op == "scalar":
            data = buffers.setdefault(data, len(buffers))
        elif value.op == "const" and not isinstance(data, Size):  # whose text would fix it
            data = (type(data), repr(data))  # 0.0 is not -0.0, and nan is not itself
        rows.append(
            (value.op, value.dtype, value.index, data, *[number[arg] for arg in value.args])
        )
    for node, (value, coords, by_row) in zip(outputs, roots, strict=True):
        rows.append((buffers.setdefault(node, len(buffers)), number[value], coords, by_row))
    space = builder.space
    kinds = tuple([(node.shape, node.dtype) for node in buffers])
    label = label_of(list(outputs))
    cuts = tuple(space.cuts.items())
    return (label, space.shape, space.axes, cuts, tuple(rows), kinds), list(buffers)


def contraction_key(
    kind: tuple[Any, ...], operands: Sequence[Operand | None]
) -> tuple[Any, list[Node]]:
    """The same of a contraction: ``kind`` is what there is to say beside its operands."""
    buffers: dict[Any, int] = {}
    rows: list[Any] = []
    for each in operands:
        if each is not None:
            place = buffers.setdefault(each.ref.buffer, len(buffers))
            rows.append((place, each.ref.offset_bytes, each.dtype, each.shape, each.strides))
        else:
            rows.append(None)
    return (kind, tuple(rows)), list(buffers)
