"""Pieces: what a call builds, with its numbers taken out.

A call records the same primitives for sentences of 12 words and of 13: only sizes differ. A
``Piece`` is the graph of one call on placeholders as a ``form`` (which is equal for both) and
``numbers`` (every size and whole or real number in it, in order), from which ``build`` makes the
graph again, for these numbers or for sizes that stand for many (``ir/size.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.engine.call import Call, drawn, flatten
from rushlight.engine.kind import REAL, WHOLE, kind_of
from rushlight.engine.value import Meta, meta_of
from rushlight.ir.graph import Node, toposort
from rushlight.ir.size import Size

Attrs = tuple[tuple[str, Any], ...]
# op, places of the sources, rank, dtype, attributes
Row = tuple[str, tuple[int, ...], int, DType, Attrs]
Form = tuple[tuple[Row, ...], tuple[int, ...]]  # rows, which of them are results


@final
@hot
class Piece:
    """The graph of a call on arguments of these kinds; ``metas``: of its results."""

    __slots__ = ("form", "metas", "numbers", "rows", "sinks", "sites", "structure")

    @hot
    def __init__(self, call: Call, metas: Sequence[Meta], scalar_types: Sequence[DType]) -> None:
        """Raises whatever building the call raises."""
        tensors, scalars, result = drawn(call, metas, scalar_types)
        sinks = flatten(result)
        self.structure: Any = None if isinstance(result, Node) else type(result)
        self.metas = tuple([meta_of(node.shape, node.dtype) for node in sinks])
        numbers: list[Any] = []
        self.sites: dict[int, Any] = {}
        form = taken_apart([*tensors, *scalars], sinks, numbers, self.sites)
        self.numbers: tuple[int | float, ...] = tuple(numbers)
        self.form = shared(form, kind_of(call))
        self.rows, self.sinks = self.form

    def build(self, given: Sequence[Node], numbers: Sequence[Any]) -> list[Node]:
        """The results, of the nodes of the arguments (tensors, then Python numbers)."""
        nodes = list(given)
        rest = iter(numbers)
        for number, (op, sources, rank, dtype, attrs) in enumerate(self.rows):
            shape = tuple([next(rest) for _ in range(rank)])
            made = {name: _put_back(value, rest) for name, value in attrs}
            if number in self.sites:
                made["site"] = self.sites[number]
            nodes.append(Node(op, tuple([nodes[k] for k in sources]), shape, dtype, made))
        return [nodes[place] for place in self.sinks]


@hot
def taken_apart(
    given: Sequence[Node], sinks: Sequence[Node], numbers: list[Any], sites: dict[int, Any]
) -> Form:
    """The form of a graph on the nodes ``given``; what is none of it goes to the other two.

    ``sites``: what nodes that can fail say of their origin, by their rows.
    """
    place: dict[Node, int] = dict(zip(given, range(len(given)), strict=True))
    rows: list[Row] = []
    for node in toposort(sinks):
        if node in place:
            continue
        numbers.extend(node.shape)
        attrs = []
        for name, value in node.attrs.items():
            if name == "site":
                sites[len(rows)] = value
            else:
                attrs.append((name, _taken_out(value, numbers)))
        sources = tuple([place[source] for source in node.src])
        place[node] = len(given) + len(rows)
        rows.append((node.op, sources, node.ndim, node.dtype, tuple(attrs)))
    return tuple(rows), tuple([place[node] for node in sinks])


_FORMS: dict[Any, Form] = {}
_FORMS_LIMIT = 1 << 12


@hot
def shared(form: Form, kind: Any) -> Form:
    """The same form, as the last piece of this kind has it: that of other sizes mostly is equal,
    and what is kept of each size is to be small."""
    found = _FORMS.get(kind)
    if found == form:
        return found
    if len(_FORMS) >= _FORMS_LIMIT:
        _FORMS.clear()
    _FORMS[kind] = form
    return form


@final
class Exact:
    """A constant that stays in the form: by type and exact value."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = (type(value), repr(value) if isinstance(value, (float, complex)) else value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Exact) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@hot
def _taken_out(value: Any, numbers: list[Any]) -> Any:
    kind = type(value)
    if kind is int:
        numbers.append(value)
        return WHOLE
    if kind is float and value and math.isfinite(value):
        numbers.append(value)
        return REAL
    if isinstance(value, tuple):
        return tuple([_taken_out(each, numbers) for each in value])
    if kind is Size:
        return _size_taken_out(value, numbers)
    return Exact(value)


def _size_taken_out(value: Size, numbers: list[Any]) -> Any:
    if type(value.value) is float and not value.tape.decide(_is_number, value):
        return Exact(value.fixed())
    numbers.append(value)
    return WHOLE if type(value.value) is int else REAL


def _is_number(value: float) -> bool:
    return bool(value) and math.isfinite(value)


def _put_back(value: Any, numbers: Iterator[Any]) -> Any:
    if value is WHOLE or value is REAL:
        return next(numbers)
    if type(value) is tuple:
        return tuple([_put_back(each, numbers) for each in value])
    return value.value
