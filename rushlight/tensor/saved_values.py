"""Values kept for the backward pass: what is in their place by then, and as memory of their own."""

from __future__ import annotations

from rushlight.engine.call import TENSOR, op_call
from rushlight.engine.trace import local
from rushlight.engine.value import NOWHERE, Value
from rushlight.ops.pointwise import clone


def in_place_of(value: Value) -> Value:
    """The value that writes through ``.data`` left in the place of ``value``: mostly itself."""
    if value.parent is not None:
        parent = in_place_of(value.parent)
        if parent is value.parent:
            return value
        view = Value(NOWHERE, -1, value.meta)
        view.parent, view.recipe, view.window = parent, value.recipe, value.window
        view.version = parent.version
        return view
    while isinstance(value.overwritten, Value):
        value = value.overwritten
    return value


def materialise(value: Value) -> Value:
    """A derived value's elements in memory of their own (still lazy)."""
    (made,) = local.trace.record(op_call(clone, (TENSOR,)), (value,))
    return made


def with_memory(value: Value) -> Value:
    """What a tensor of its own can be made of: not of a view, whose memory is another's."""
    return value if value.parent is None else materialise(value)
