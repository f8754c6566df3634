"""``x[i, 0, letter] = 1`` where the place is another one each time.

A write through a view is recorded with the layout of the view, so that each place makes another
trace. For one number written to a stretch of memory, the place can be a number of the run instead:
one plan writes one-hot letters of all words of a length.
"""

from __future__ import annotations

from rushlight.engine.trace import local
from rushlight.engine.window import writes_move
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def written_at_run_time(target: Tensor, value: float | int | bool) -> bool:
    """Write ``value`` to all elements of the view ``target``; False: nothing is done, because this
    place is the same each time, or a gradient flows, or the elements do not lie together."""
    trace, storage, base = local.trace, target._storage, target._base
    if storage is None or base is None or base._storage is not storage or trace.abstract:
        return False
    layout, whole = target._layout, storage.value.meta
    count = layout.numel
    if (
        not 0 < count < whole.numel or not layout.contiguous or target._untracked
        or target._edge is not None or base._edge is not None or base._untracked
        or whole.dtype is not target.dtype or target.dtype.is_complex
    ):  # fmt: skip
        return False
    outer = base._current_layout()
    if outer.offset or not outer.contiguous or outer.numel != whole.numel:
        return False
    if not writes_move(trace.step, (layout.offset, count)):
        return False
    result = function("_fill_at")(base, layout.offset, count, value)
    if trace.pending:  # a trace that had become too long has been flushed
        trace.step.moves = True
    base._assign(result)
    return True
