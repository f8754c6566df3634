"""``torch.nn._reduction``: how a loss puts its elements together, in today's and older words."""

from __future__ import annotations

from rushlight.base.warn import warn

_NUMBERS = {"none": 0, "mean": 1, "sum": 2}


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


def get_enum(reduction: str) -> int:
    """The number that stands for a reduction in calls below PyTorch's functions.

    Raises ValueError for another word.

    >>> get_enum("sum")
    2
    """
    if reduction == "elementwise_mean":
        warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
        )
        reduction = "mean"
    if reduction not in _NUMBERS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return _NUMBERS[reduction]


def legacy_get_enum(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> int:
    """``get_enum`` of what the two flags mean."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))
