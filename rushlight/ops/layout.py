"""Layouts: where a view's elements lie in its storage; the stride arithmetic of views.

A view op has a ``strides`` rule: the layout of its argument and its constant arguments in, the
layout of the result out. Rules raise the user's errors; None means "no view: copy" (reshape).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rushlight.base.shape import contiguous_strides

Shape = tuple[int, ...]


class Layout(NamedTuple):
    """Element i of a view is element ``offset + sum(i[k] * strides[k])`` of its storage."""

    shape: Shape
    strides: Shape
    offset: int

    @property
    def contiguous(self) -> bool:
        """Row-major without gaps; axes of size 1 may have any stride, empty is contiguous."""
        step = 1
        if 0 in self.shape:
            return True
        for size, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if size != 1:
                if stride != step:
                    return False
                step *= size
        return True

    @property
    def numel(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def ends(self) -> int:
        """The place after the last element; 0 where there is none."""
        if 0 in self.shape:
            return 0
        steps = zip(self.shape, self.strides, strict=True)
        return self.offset + 1 + sum((size - 1) * stride for size, stride in steps)

    @property
    def dense(self) -> bool:
        """Whether the elements fill their stretch of memory without gaps, each place once."""
        if 0 in self.shape:
            return True
        step = 1
        for stride, size in sorted(zip(self.strides, self.shape, strict=True)):
            if size != 1:
                if stride != step:
                    return False
                step *= size
        return True

    @property
    def in_order(self) -> bool:
        """Whether the axes lie in their own order in memory, none repeated."""
        steps = [s for s, n in zip(self.strides, self.shape, strict=True) if n != 1]
        return 0 not in steps and steps == sorted(steps, reverse=True)

    def fills(self, count: int) -> bool:
        """Whether the elements are all of a storage of ``count``, in an order of their own."""
        return self.offset == 0 and self.numel == count and self.dense

    @property
    def steps(self) -> list[int]:
        """Strides, but for axes of size 1, whose stride says nothing."""
        return [s if n != 1 else 0 for s, n in zip(self.strides, self.shape, strict=True)]

    @property
    def overlaps(self) -> bool:
        """Whether two elements surely share memory: an expanded axis."""
        return any(
            stride == 0 and size > 1 for size, stride in zip(self.shape, self.strides, strict=True)
        )

    @classmethod
    def of(cls, shape: Shape) -> Layout:
        """The row-major layout of a fresh tensor."""
        return cls(tuple(shape), contiguous_strides(shape), 0)


def reshaped(layout: Layout, shape: Shape) -> Layout | None:
    """The same elements under another shape, or None where strides cannot say it.

    Runs of axes that are contiguous with each other form chunks; each chunk is cut anew.
    """
    if layout.contiguous:
        return Layout(shape, contiguous_strides(shape), layout.offset)
    chunks: list[tuple[int, int]] = []  # (elements, innermost stride), outermost first
    for size, stride in zip(layout.shape, layout.strides, strict=True):
        if size == 1:
            continue
        if chunks and chunks[-1][1] == size * stride:
            chunks[-1] = (chunks[-1][0] * size, stride)
        else:
            chunks.append((size, stride))
    strides: list[int] = []
    left = 1
    pending = list(chunks)
    step = pending[-1][1] if pending else 1
    for size in reversed(shape):
        if left == 1 and pending and size != 1:
            left, step = pending.pop()
        if size == 1:
            strides.append(step)
            continue
        if left % size:
            return None
        strides.append(step)
        step *= size
        left //= size
    if left != 1 or pending:
        return None
    return Layout(shape, tuple(reversed(strides)), layout.offset)
