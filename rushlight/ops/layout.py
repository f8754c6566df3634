"""Layouts: where a view's elements lie in its storage; the stride arithmetic of views.

A view op has a ``strides`` rule: the layout of its argument and its constant arguments in, the
layout of the result out. Rules raise the user's errors; None means "no view: copy" (reshape).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar, overload

from rushlight.base.shape import contiguous_strides

Shape = tuple[int, ...]
_T = TypeVar("_T")


class _Fields(NamedTuple):
    shape: Shape
    strides: Shape
    offset: int


class _once(Generic[_T]):
    """A property that is kept once it is known: views of one kind share their layout."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, layout: None, kind: object) -> _once[_T]: ...
    @overload
    def __get__(self, layout: Layout, kind: object) -> _T: ...
    def __get__(self, layout: Layout | None, kind: object) -> Any:
        if layout is None:
            return self
        found = layout.__dict__[self._compute.__name__] = self._compute(layout)
        return found


class Layout(_Fields):
    """Element i of a view is element ``offset + sum(i[k] * strides[k])`` of its storage."""

    @_once
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

    @_once
    def numel(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @_once
    def ends(self) -> int:
        """The place after the last element; 0 where there is none."""
        if 0 in self.shape:
            return 0
        steps = zip(self.shape, self.strides, strict=True)
        return self.offset + 1 + sum((size - 1) * stride for size, stride in steps)

    @_once
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

    @_once
    def in_order(self) -> bool:
        """Whether the axes lie in their own order in memory, none repeated."""
        steps = [s for s, n in zip(self.strides, self.shape, strict=True) if n != 1]
        return 0 not in steps and steps == sorted(steps, reverse=True)

    def fills(self, count: int) -> bool:
        """Whether the elements are all of a storage of ``count``, in an order of their own."""
        return self.offset == 0 and self.numel == count and self.dense

    @_once
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
