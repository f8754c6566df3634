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
from rushlight.engine.call import Call, Gradient, OpCall, drawn, flatten
from rushlight.engine.value import Meta, meta_of
from rushlight.ir.graph import Node, toposort

WHOLE, REAL = "whole", "real"
PIECES_LIMIT = 1 << 13
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
        given = [*tensors, *scalars]
        sinks = flatten(result)
        self.structure: Any = None if isinstance(result, Node) else type(result)
        self.metas = tuple([meta_of(node.shape, node.dtype) for node in sinks])
        place: dict[Node, int] = dict(zip(given, range(len(given)), strict=True))
        numbers: list[int | float] = []
        rows: list[Row] = []
        self.sites: dict[int, Any] = {}
        for node in toposort(sinks):
            if node in place:
                continue
            numbers.extend(node.shape)
            attrs = []
            for name, value in node.attrs.items():
                if name == "site":
                    self.sites[len(rows)] = value
                else:
                    attrs.append((name, _taken_out(value, numbers)))
            sources = tuple([place[source] for source in node.src])
            place[node] = len(given) + len(rows)
            rows.append((node.op, sources, node.ndim, node.dtype, tuple(attrs)))
        self.numbers = tuple(numbers)
        self.form = _shared((tuple(rows), tuple([place[node] for node in sinks])), kind_of(call))
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


_FORMS: dict[Any, Form] = {}
_FORMS_LIMIT = 1 << 12


@hot
def _shared(form: Form, kind: Any) -> Form:
    """The same form, as the last piece of this kind has it: that of other sizes mostly is equal,
    and what is kept of each size is to be small."""
    found = _FORMS.get(kind)
    if found == form:
        return found
    if len(_FORMS) >= _FORMS_LIMIT:
        _FORMS.clear()
    _FORMS[kind] = form
    return form


@hot
def piece_of(
    known: dict[Any, Any], call: Call, metas: tuple[Meta, ...], scalar_types: tuple[DType, ...]
) -> Piece:
    """The piece of a call on these arguments; the same one each time."""
    key = (call, metas, scalar_types)
    found: Piece | None = known.get(key)
    if found is None:
        if len(known) >= PIECES_LIMIT:
            known.clear()
        found = known[key] = Piece(call, metas, scalar_types)
    return found


@final
class _Exact:
    """A constant that stays in the form: by type and exact value."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.key = (type(value), repr(value) if isinstance(value, (float, complex)) else value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Exact) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@hot
def _taken_out(value: Any, numbers: list[int | float]) -> Any:
    kind = type(value)
    if kind is int:
        numbers.append(value)
        return WHOLE
    if kind is float and value and math.isfinite(value):
        numbers.append(value)
        return REAL
    if isinstance(value, tuple):
        return tuple([_taken_out(each, numbers) for each in value])
    return _Exact(value)


def _put_back(value: Any, numbers: Iterator[Any]) -> Any:
    if value is WHOLE or value is REAL:
        return next(numbers)
    if type(value) is tuple:
        return tuple([_put_back(each, numbers) for each in value])
    return value.value


_KINDS: dict[Any, int] = {}
_KINDS_LIMIT = 1 << 16


@hot
def kind_of(call: Call) -> Any:
    """What calls have in common that differ in whole numbers only: equal for them, hashable."""
    if isinstance(call, OpCall):
        if call.kind is None:
            call.kind = _interned((call.op, _without_numbers(call.template)))
        return call.kind
    if isinstance(call, Gradient):
        if call.kind is None:
            ranks = tuple([(len(m.shape), m.dtype) for m in (*call.metas, *call.out_metas)])
            call.kind = _interned((
                "gradient", kind_of(call.call), call.mask, call.given, call.saves, call.targets,
                ranks,
            ))  # fmt: skip
        return call.kind
    return call


def _interned(kind: Any) -> int:
    if len(_KINDS) >= _KINDS_LIMIT:
        return -1 - len(_KINDS) - id(kind)  # a family of its own: never found again
    return _KINDS.setdefault(kind, len(_KINDS))


def _without_numbers(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return WHOLE
    if isinstance(value, (tuple, list)):  # torch.Size is one, too
        return (kind, tuple([_without_numbers(each) for each in value]))
    if kind in (bool, float, complex):
        return (kind, repr(value))
    return value
