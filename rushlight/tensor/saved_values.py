"""Values kept for the backward pass: what is in their place by then, and as memory of their own."""

from __future__ import annotations

from typing import Any

from rushlight.engine.call import TENSOR, op_call
from rushlight.engine.trace import local
from rushlight.engine.value import NOWHERE, Value
from rushlight.ops.pointwise import clone, to_dtype
from rushlight.tensor.storage import Current


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
    while isinstance(value.overwritten, Current):
        value = value.overwritten.value
    return value


class Replaced:
    """``Value.overwritten`` of what a tensor held before ``tensor.data = other``.

    Its elements are as ever, but who saved them for the gradient of the tensor reads what the
    tensor holds now: a leaf is asked, of any other ``fresh`` is what it was given.
    """

    __slots__ = ("fresh",)

    def __init__(self, fresh: Value | None) -> None:
        self.fresh = fresh


def now_read(value: Value, edges: tuple[Any, ...], place: int) -> Value:
    """What a backward pass reads for a saved value, number ``place`` of those with ``edges``."""
    edge = edges[place] if place < len(edges) else None
    if edge is None or not isinstance(value.overwritten, Replaced):
        return in_place_of(value)
    fresh: Value = value
    while isinstance(fresh.overwritten, Replaced):
        given = fresh.overwritten.fresh
        if given is None:
            fresh = edge._read_value() if hasattr(edge, "_read_value") else fresh
            break
        fresh = given
    fresh = in_place_of(fresh)
    if fresh.meta.shape != value.meta.shape:
        raise RuntimeError(
            f"a tensor of shape {list(value.meta.shape)} was used, and its .data replaced by one"
            f" of shape {list(fresh.meta.shape)} before the backward pass: its gradient needs the "
            "same shape"
        )
    if fresh.meta.dtype is value.meta.dtype:
        return fresh
    (made,) = local.trace.record(op_call(to_dtype, (TENSOR, value.meta.dtype)), (fresh,))
    return made


def materialise(value: Value) -> Value:
    """A derived value's elements in memory of their own (still lazy)."""
    (made,) = local.trace.record(op_call(clone, (TENSOR,)), (value,))
    return made


def with_memory(value: Value) -> Value:
    """What a tensor of its own can be made of: not of a view, whose memory is another's."""
    return value if value.parent is None else materialise(value)


def still_readable(saved: tuple[Value, ...]) -> tuple[Value, ...]:
    """What a node was allowed to read although it was overwritten, for the nodes of its own
    gradient: they could not tell it from what they must not read."""
    return tuple([materialise(each) if _was_overwritten(each) else each for each in saved])


def _was_overwritten(value: Value | None) -> bool:
    """Whether an in-place operation wrote to the memory that ``value`` is or looks at."""
    while value is not None and value.overwritten is not True:
        value = value.parent
    return value is not None
