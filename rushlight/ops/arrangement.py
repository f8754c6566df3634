"""Arrangements: in which order the elements of a fresh result lie in memory.

PyTorch gives most results the order of what they are computed from. An arrangement is the strides
of a result without gaps; None stands for row-major. ``ops/arrangement_rules.py`` has the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rushlight.base.shape import contiguous_strides
from rushlight.ops.layout import Layout, Shape

# The arguments of the call, as the op's parameters name them.
Given = Mapping[str, Any]
# (operands, shape of the result, arguments) -> strides of the result. A Python number that stands
# where a tensor may is an operand of rank 0.
Arranging = Callable[[Sequence[Layout], Shape, Given], Shape | None]

# The axes from the outermost to the innermost, by rank.
CHANNELS_LAST: dict[int, Shape] = {4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}


def packed(shape: Shape, order: Shape) -> Shape:
    """Strides without gaps where the axes lie in ``order``, outermost first.

    >>> packed((2, 3, 4, 5), (0, 2, 3, 1))
    (60, 1, 15, 3)
    """
    strides = [0] * len(shape)
    for axis, step in zip(order, contiguous_strides([shape[a] for a in order]), strict=True):
        strides[axis] = step
    return tuple(strides)


def order_of(strides: Shape) -> Shape:
    """The axes of an arrangement, outermost first.

    >>> order_of((60, 1, 15, 3))
    (0, 2, 3, 1)
    """
    return tuple(sorted(range(len(strides)), key=lambda axis: -strides[axis]))


def inverse(axes: Shape) -> Shape:
    """The permutation that undoes ``axes``."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def visiting_order(operands: Sequence[Layout], shape: Shape) -> Shape:
    """The axes as a loop over all operands visits them, outermost first.

    Larger strides go outside; the first operand that tells two axes apart decides. A stride of 0
    says nothing. Where strides are equal the longer axis goes inside.
    """
    steps = [_spread(each, shape) for each in operands]

    def apart(a: int, b: int) -> int:
        """1 where ``a``, which is inside, belongs outside of ``b``; -1 where it does not."""
        for strides in steps:
            if not strides or not strides[a] or not strides[b]:
                continue
            if strides[a] != strides[b]:
                return 1 if strides[a] > strides[b] else -1
            if shape[a] > shape[b]:
                return 1
        return 0

    inner = list(reversed(range(len(shape))))
    for start in range(1, len(inner)):
        moving = start
        for other in reversed(range(start)):
            found = apart(inner[other], inner[moving])
            if found < 0:
                break
            if found > 0:
                inner[other], inner[moving] = inner[moving], inner[other]
                moving = other
    return tuple(reversed(inner))


def _spread(layout: Layout, shape: Shape) -> Shape:
    """The strides of an operand that is broadcast to ``shape``; () for a number."""
    if not layout.shape:
        return ()
    own = [
        0 if size == 1 and wanted != 1 else step
        for size, wanted, step in zip(
            reversed(layout.shape), reversed(shape), reversed(layout.strides), strict=False
        )
    ]
    return (0,) * (len(shape) - len(own)) + tuple(reversed(own))


def lies_channels_last(layout: Layout) -> bool:
    """Whether a tensor of rank 4 or 5 lies channels-last without gaps."""
    order = CHANNELS_LAST.get(len(layout.shape))
    if order is None:
        return False
    expected = 1
    for axis in reversed(order):  # a tensor without elements is asked for its strides, too
        size = layout.shape[axis]
        if size != 1:
            if layout.strides[axis] != expected:
                return False
            expected *= size
    return True


def suggests_channels_last(layout: Layout) -> bool:
    """Whether the strides of a tensor of rank 4 or 5 are those of channels-last, gaps or not.

    Axes of size 1 count too: (N, 1, H, W) may be either, and its strides tell.
    """
    order = CHANNELS_LAST.get(len(layout.shape))
    if order is None or layout.strides[1] == 0:
        return False
    least = 0
    for axis in reversed(order):
        size, step = layout.shape[axis], layout.strides[axis]
        if size == 0 or step < least or (axis == 0 and least == layout.strides[1]):
            return False
        least = step * size if size > 1 else step
    return True
