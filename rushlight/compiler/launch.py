"""What a lowering hands to the executor: kernels, and the order to run them in.

A kernel is LLVM text with the entry ``i64 @symbol(ptr %args, i64 %begin, i64 %end)``. ``args``
holds 64-bit words: first the pointers, then whole numbers. ``begin..end`` is a range of *chunks*:
parts of the launch that may run at the same time, in any order. How many there are follows from
shapes alone, so that results never depend on the number of threads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rushlight.base.record import Record

_FAILS = re.compile(r"ret i64 (?!0\b)")


class Kernel(Record):
    """Machine code to be: equal text is the same kernel."""

    symbol: str
    text: str

    @property
    def sure(self) -> bool:
        """Whether it always returns 0: it looks for no bad index and calls nothing in Python."""
        return _FAILS.search(self.text) is None


class Scratch:
    """Memory private to one launch list, 64-byte aligned, with no value at the start.

    Compared by identity: two of the same size are two places.
    """

    __slots__ = ("nbytes",)

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes


class Ref(Record):
    """A place in memory: a buffer (a node's result, or a ``Scratch``) and a distance into it."""

    buffer: object
    offset_bytes: int = 0

    def at(self, nbytes: int) -> Ref:
        """The place ``nbytes`` further on."""
        return Ref(self.buffer, self.offset_bytes + nbytes)


class Launch(Record):
    """One kernel over all its chunks; a launch starts when the one before it has ended."""

    kernel: Kernel
    pointers: tuple[Ref, ...]
    words: tuple[int, ...]
    chunks: int
    flops: int
    bytes: int
    label: str
    # Of two pointers: whether what lies at the second follows from what lies at the first alone,
    # and is only read by later launches. It is as good in the next run if the first is unchanged.
    lasting: bool = False

    def over(self, names: Mapping[Any, object]) -> Launch:
        """The same launch with other buffers in place of those in ``names``."""
        pointers = [Ref(names.get(at.buffer, at.buffer), at.offset_bytes) for at in self.pointers]
        return self.replace(pointers=tuple(pointers))
