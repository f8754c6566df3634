"""Windows of a storage that are written to: where they are in it, and what it holds afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushlight.engine.call import TENSOR, op_call
from rushlight.engine.trace import local
from rushlight.engine.value import Value
from rushlight.ops.arrangement import inverse, order_of
from rushlight.ops.layout import Layout
from rushlight.ops.view.permute import permute

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor


def in_memory_order(fresh: Value, layout: Layout) -> Value:
    """What a storage holds of which ``fresh`` is all, seen through ``layout``."""
    call = op_call(permute, (TENSOR, order_of(layout.strides)))
    (written,) = local.trace.record(call, (fresh,))
    return written


def base_order(base: Tensor) -> tuple[int, ...] | None:
    """The axes of ``base`` as they lie in memory, where they do not lie in their own order."""
    layout = base._current_layout()
    return None if layout.contiguous else order_of(layout.strides)


def write_window(base: Tensor, values: Tensor, layout: Layout) -> tuple[Tensor, Any]:
    """What the memory of ``base`` holds with a window of it replaced, and the edge that ``base``
    has from now on (recorded, with gradient)."""
    from rushlight.tensor.wrap import function

    order = base_order(base)
    inner = base if order is None else function("permute")(base, *order)
    written: Tensor = function("_strided_set")(
        inner, values, layout.shape, layout.strides, layout.offset
    )
    if order is None:
        return written, written._edge
    return written, function("permute")(written, *inverse(order))._edge


def within(base: Tensor, layout: Layout) -> Layout:
    """A window of the storage as a window of ``base``."""
    whole = base._current_layout()
    start = layout.offset - whole.offset
    steps = sum((n - 1) * s for n, s in zip(layout.shape, layout.strides, strict=True))
    inside = not layout.numel or (start >= 0 and start + steps < whole.numel)
    if not (whole.dense and inside):
        raise NotImplementedError(
            "gradients through writes to views of a detached tensor that is itself a view with "
            "gaps: clone() the detached tensor first"
        )
    return layout._replace(offset=start if inside and layout.numel else 0)
