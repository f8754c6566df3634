"""Results that do not lie row-major: which do, and the tensors that show them.

A value is always a row-major array, so a result in another order is the row-major value of its
permuted elements, seen through the inverse permutation. ``arrange`` decides once, when a call is
first met: where a tensor came into the trace determines its strides, so the step that was found
for the call says how its results lie. Calls of tensors that lie row-major pay nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, final

from rushlight.base.hot import hot
from rushlight.engine.call import TENSOR, OpCall, op_call
from rushlight.engine.drafted import piece_of
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import NOWHERE, Size, Value
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.primitives import ELEMENTWISE
from rushlight.ops import table
from rushlight.ops.arrangement import inverse, order_of
from rushlight.ops.arrangement_rules import ALWAYS, RULES, elementwise
from rushlight.ops.layout import Layout, Shape
from rushlight.ops.pointwise import contiguous
from rushlight.ops.table import Op
from rushlight.ops.view.permute import permute
from rushlight.tensor.storage import Storage
from rushlight.tensor.tensor import Tensor

new = object.__new__
_NUMBER = Layout((), (), 0)
_OPERANDS = (table.OPERAND, table.OPTIONAL_OPERAND, table.POWER, table.DIVISOR)


@final
class Arranged:
    """Stands in a step for the structure of its results: some do not lie row-major."""

    __slots__ = ("places", "structure")

    def __init__(self, structure: Any, places: list[Shape | None]) -> None:
        self.structure = structure  # the type of the result where there are several, or None
        self.places = places  # strides of each result, None: row-major

    def made(self, trace: Trace, values: Sequence[Value]) -> Any:
        """The results of the call as tensors."""
        tensors = [
            Tensor._of(value) if strides is None else lying(trace, value, strides)
            for value, strides in zip(values, self.places, strict=True)
        ]
        if self.structure is None:
            return tensors[0]
        plain = self.structure in (tuple, list)
        return self.structure(tensors) if plain else self.structure(*tensors)


@lru_cache(maxsize=1 << 12)
def _placed(shape: Shape, strides: Shape) -> tuple[OpCall, OpCall, Layout]:
    """The calls that turn an array as it lies in memory and back, and where it then lies."""
    order = order_of(strides)
    away, back = (op_call(permute, (TENSOR, axes)) for axes in (order, inverse(order)))
    return away, back, Layout(Size(shape), strides, 0)


@hot
def lying(trace: Trace, value: Value, strides: Shape) -> Tensor:
    """The tensor that shows ``value``, a result of this trace, in memory with these strides."""
    away, back, layout = _placed(value.meta.shape, tuple(strides))
    (held,) = trace.record(away, (value,))
    storage = Storage(held)
    tensor = new(Tensor)
    tensor._storage = storage
    tensor._layout = layout
    tensor._seen = storage.version
    tensor._edge = None
    tensor._value = shown = Value(NOWHERE, -1, value.meta)
    shown.parent = held
    shown.recipe = back
    shown.window = layout
    # Entered now: backward passes are known again by the places of what they saved.
    trace.enter(shown)
    return tensor


def relaid(made: Tensor, strides: Shape | None) -> Tensor:
    """A tensor made a moment ago, in another order of memory (None: row-major)."""
    layout, trace = made._current_layout(), local.trace
    strides = _unless_plain(strides)
    if layout.contiguous if strides is None else layout.strides == strides:
        return made
    value = made._read_value()
    if value.epoch is not trace.epoch:
        trace.enter(value)
    if strides is None:
        moved = Tensor._of(trace.record(op_call(contiguous, (TENSOR,)), (value,))[0])
    else:
        moved = lying(trace, value, strides)
    moved._edge = made._edge
    return moved


def arrange(
    trace: Trace, step: Step, op: Op, arguments: tuple[Any, ...], tensors: Sequence[Tensor]
) -> None:
    """Note in ``step``, just made for a call of ``op``, which results do not lie row-major."""
    if trace.abstract or (all(map(_plain, tensors)) and op.name not in ALWAYS):
        return
    rule = RULES.get(op.name)
    if rule is None:
        if not _by_element(*_graph(trace, step, tensors)):
            return
        rule = elementwise
    operands = _operands(op, arguments)
    given = dict(zip([each.name for each in op.parameters], arguments, strict=True))
    places = [_unless_plain(rule(operands, meta.shape, given)) for meta in step.metas]
    if any(each is not None for each in places):
        step.structure = Arranged(step.structure, places)
        step.meta = None


def _plain(tensor: Tensor) -> bool:
    """Whether the strides are those of a fresh tensor."""
    return tensor._storage is None or tensor._layout.strides == tensor._value.meta.layout.strides


def _unless_plain(strides: Shape | None) -> Shape | None:
    if strides is None or order_of(strides) == tuple(range(len(strides))):
        return None
    return strides


def _operands(op: Op, arguments: tuple[Any, ...]) -> list[Layout]:
    """Where the tensors lie, in order; numbers that stand where a tensor may among them."""
    found: list[Layout] = []
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if isinstance(value, Tensor):
            found.append(value._current_layout())
        elif parameter.kind == table.TENSORS:
            found.extend(each._current_layout() for each in value)
        elif parameter.kind in _OPERANDS and value is not None:
            found.append(_NUMBER)
    return found


_BROADCASTS = ("expand", "reshape")


def _graph(trace: Trace, step: Step, tensors: Sequence[Tensor]) -> tuple[list[Node], list[Node]]:
    """What a call reads and what it makes of that, on placeholders.

    Not the nodes of the trace: there a reshape of a reshape is one, and passes what the call reads.
    """
    assert step.call is not None
    metas = tuple([tensor._read_value().meta for tensor in tensors])
    piece = piece_of(trace.pieces, step.call, metas, step.scalar_types)
    sources = [build.input(-1, tuple(meta.shape), meta.dtype) for meta in metas]
    scalars = [build.scalar(-1, kind) for kind in step.scalar_types]
    return sources, piece.build([*sources, *scalars], piece.numbers)


def _by_element(read: Sequence[Node], made: Sequence[Node]) -> bool:
    """Whether each element of the results is computed from the one at its place."""
    sources = set(read)
    stack, seen = list(made), set(sources)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op in ELEMENTWISE or (node.op in _BROADCASTS and _widens(node)):
            stack.extend(node.src)
        elif node.op not in ("const", "scalar"):
            return False
    return True


def _widens(node: Node) -> bool:
    """Whether it is a step of broadcasting: axes of size 1 repeated or added."""
    if node.op == "expand":
        return True
    return [n for n in node.shape if n != 1] == [n for n in node.src[0].shape if n != 1]
