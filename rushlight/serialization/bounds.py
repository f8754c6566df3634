"""Numbers in checkpoints that are sizes and strides: what makes sense."""

from __future__ import annotations

from pickle import UnpicklingError

from rushlight.serialization.brief import brief

MOST_DIMENSIONS = 64


def whole_numbers(what: str, values: object) -> tuple[int, ...]:
    """``values`` as a tuple. Raises UnpicklingError where they are no whole numbers."""
    if not isinstance(values, (tuple, list)) or not all(type(each) is int for each in values):
        raise UnpicklingError(f"a tensor's {what} must be a tuple of ints, got {brief(values)}")
    if len(values) > MOST_DIMENSIONS:
        raise UnpicklingError(f"a tensor's {what} has {len(values)} entries; at most 64 make sense")
    return tuple(values)
