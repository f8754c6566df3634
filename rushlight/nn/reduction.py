"""How a loss puts its elements together, in today's and in the older words."""

from __future__ import annotations

from rushlight.base.warn import warn


def legacy_get_string(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> str:
    """``reduction`` for the two flags it replaced, with PyTorch's warning.

    >>> legacy_get_string(False, None, emit_warning=False)
    'sum'
    """
    average = True if size_average is None else size_average
    reducing = True if reduce is None else reduce
    reduction = ("mean" if average else "sum") if reducing else "none"
    if emit_warning:
        warn(
            "size_average and reduce args will be deprecated, please use "
            f"reduction='{reduction}' instead.",
        )
    return reduction
