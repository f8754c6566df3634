"""Host memory: 64-byte aligned blocks that are handed out again after use.

Fresh pages cost more than the arithmetic on them (a page fault is about 0.25 us for 4 KiB), so
freed blocks go to a pool by size class, and big fresh ones come from ``mmap`` with huge pages.

>>> block = Buffer(24)
>>> block.address % 64
0
>>> import numpy as np
>>> block.array(np.dtype("f4"), (2, 3)).shape
(2, 3)
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rushlight.base.hot import hot
from rushlight.base.record import Record
from rushlight.runtime import cgroup, tail
from rushlight.runtime.pages import ALIGNMENT, MAPPED_FROM, acquire, release

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HOMES_LIMIT = 4096
# What may wait in the pool at least, and how many times as much as was ever in use at once.
_LEAST_POOLED = 64 * 1024 * 1024
_TIMES_PEAK = 2
# How often mappings that wait make way for one that would raise what is owned to a new height.
_GIVES_WAY = 16
# To copy an array of so many bytes twice takes less time than a NumPy view of the target.
_SMALL = 32768


class PoolStats(Record):
    """Bytes ``live`` in buffers, ``peak`` of live and ``pooled``; blocks handed out and fresh."""

    live: int
    peak: int
    pooled: int
    allocations: int
    fresh: int


@final
@hot
class Pool:
    """Free blocks by size class. Past ``enough`` everything pooled is given back: that is twice
    what was ever live at once, and never more than ``limit``. A program whose sizes change from
    step to step would otherwise leave blocks of all of them behind. Until then free mappings make
    way for one that nothing pooled can serve for: what building a model and its first step left
    behind is of no use to the steps after them. Only ``patience`` times: where sizes never settle,
    fresh pages would cost more than the memory is worth.

    ``live`` is what is owned and not pooled; ``low`` is the least that was pooled since the peak of
    live was last raised. Kept like this, taking and giving a block each touch two numbers.
    """

    name = "host memory"
    __slots__ = (
        "allocations",
        "enough",
        "fresh",
        "homes",
        "limit",
        "low",
        "most",
        "owned",
        "patience",
        "peak",
        "pooled",
        "spare",
    )

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.enough = min(limit, _LEAST_POOLED)
        # Size class -> its free blocks; bytes asked for -> (size class, its free blocks).
        self.spare: dict[int, list[int]] = {}
        self.homes: dict[int, tuple[int, list[int]]] = {}
        self.owned = 0
        self.most = 0  # ever owned
        self.patience = _GIVES_WAY
        self.pooled = 0
        self.low = 0
        self.peak = 0
        self.allocations = 0
        self.fresh = 0

    def home(self, nbytes: int) -> tuple[int, list[int]]:
        """Where blocks for ``nbytes`` come from: (size class, free blocks)."""
        if len(self.homes) >= _HOMES_LIMIT:
            self.homes.clear()
        size = size_class(nbytes)
        return self.homes.setdefault(nbytes, (size, self.spare.setdefault(size, [])))

    def take_other(self, size: int) -> tuple[int, int, list[int]]:
        """A block where no free one of its class is left: (address, size class, free blocks).

        Rather than a mapping, whose pages are still to come, one that is at most a quarter larger.
        RuntimeError if there is no memory.
        """
        if size >= MAPPED_FROM:
            larger = [each for each in self.spare if size < each <= size + size // 4]
            for each in sorted(larger):
                home = self.spare[each]
                if home:
                    try:
                        return home.pop(), each, home
                    except IndexError:
                        continue  # another thread was faster
            if self.owned + size > self.most and self.patience:
                self._make_way(size)
        return self._take_fresh(size), size, self.spare[size]

    def _make_way(self, size: int) -> None:
        """Give back the largest free mappings, until it is as much as ``size``."""
        self._settle_peak()
        before = self.owned
        for each in sorted(self.spare, reverse=True):
            if each < MAPPED_FROM or before - self.owned >= size:
                break
            self._give_back(each, self.spare[each], before - size)
        self.low = self.pooled
        if self.owned < before:
            self.patience -= 1

    def _give_back(self, size: int, blocks: list[int], enough: int) -> None:
        """Free ``blocks`` of one size, until no more than ``enough`` is owned."""
        while self.owned > enough:
            try:
                address = blocks.pop()
            except IndexError:
                break
            self.owned -= size
            self.pooled -= size
            release(address, size)

    def _take_fresh(self, size: int) -> int:
        address = acquire(size)
        if not address:
            # What waits in the pool may be what is missing.
            self.clear()
            address = acquire(size)
        self._settle_peak()
        if not address:
            stats = self.stats()
            raise RuntimeError(
                f"DefaultCPUAllocator: can't allocate memory: you tried to allocate {size} bytes "
                f"(live {stats.live}, peak {stats.peak}); use smaller batches or free tensors"
            )
        self.owned += size
        self.most = max(self.most, self.owned)
        # The caller counts this block out of the pool like any other.
        self.pooled += size
        self.fresh += 1
        return address

    def trim(self) -> None:
        """Give pooled blocks back if they are more than ``enough``, the peak being known now."""
        self._settle_peak()
        self.enough = min(self.limit, max(_LEAST_POOLED, _TIMES_PEAK * self.peak))
        if self.pooled > self.enough:
            self.clear()

    def clear(self) -> None:
        """Give all pooled blocks back to the system."""
        self._settle_peak()
        for size, blocks in list(self.spare.items()):
            self._give_back(size, blocks, 0)
        self.low = self.pooled

    def stats(self) -> PoolStats:
        self._settle_peak()
        live = self.owned - self.pooled
        return PoolStats(live, self.peak, self.pooled, self.allocations, self.fresh)

    def _settle_peak(self) -> None:
        self.peak = max(self.peak, self.owned - self.low)
        self.low = self.pooled


def size_class(nbytes: int) -> int:
    """Bytes really taken: multiples of 64, then at most an eighth more than asked.

    >>> size_class(0), size_class(65), size_class(5000), size_class(10_000_001)
    (64, 128, 5120, 10223616)
    """
    if nbytes <= 1024:
        return max(ALIGNMENT, -(-nbytes // ALIGNMENT) * ALIGNMENT)
    step = 1 << (nbytes.bit_length() - 4)
    if nbytes >= MAPPED_FROM:
        step = max(step // 4, mmap.PAGESIZE)
    return -(-nbytes // step) * step


@functools.cache
def machine_bytes() -> int:
    """The memory that we may use."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(machine, cgroup.memory_limit() or machine)


pool = Pool(machine_bytes() // 4)  # so much may wait in it


@final
@hot
class Buffer:
    """``nbytes`` of host memory at ``address``. The memory goes back when the last reference dies.

    ``owner`` is None for pooled memory, else the object whose memory this is.
    ``exposures`` counts the NumPy views of ``array()`` that are still alive. ``kept``: whether a
    plan refers to it too, to make a result there once nobody else does. ``version``: a number that
    somebody has given to what is in it (engine/prepared.py), 0: none, below: it may have no number.
    """

    __slots__ = (
        "__weakref__",
        "_home",
        "_pool",
        "_size",
        "address",
        "exposures",
        "kept",
        "nbytes",
        "owner",
        "version",
    )

    @hot
    def __init__(self, nbytes: int, pool: Pool = pool) -> None:
        self._size = 0  # set first: __del__ runs even if there is no memory
        try:
            size, home = pool.homes[nbytes]
        except KeyError:
            size, home = pool.home(nbytes)
        try:
            self.address = home.pop()
        except IndexError:
            self.address, size, home = pool.take_other(size)
        pool.pooled -= size
        if pool.pooled < pool.low:
            pool.low = pool.pooled
        pool.allocations += 1
        self._size = size
        self._home = home
        self._pool = pool
        self.nbytes = nbytes
        self.owner: object = None
        self.exposures = 0
        self.kept = False
        self.version = 0

    @classmethod
    def foreign(cls, address: int, nbytes: int, owner: object) -> Buffer:
        """Memory of somebody else, who is kept alive."""
        buffer = cls.__new__(cls)
        buffer._size = 0
        buffer.address = address
        buffer.nbytes = nbytes
        buffer.owner = owner
        buffer.exposures = 0
        buffer.kept = False
        buffer.version = 0
        return buffer

    @classmethod
    def copying(cls, array: NDArray[Any]) -> Buffer:
        """New memory with an array's elements, row-major."""
        buffer = cls(array.nbytes)
        if array.nbytes <= _SMALL:
            ctypes.memmove(buffer.address, array.tobytes(), array.nbytes)
        else:
            buffer.array(array.dtype, array.shape)[...] = array
        return buffer

    @classmethod
    def wrap(cls, array: NDArray[Any]) -> Buffer:
        """The memory under a NumPy array: from its lowest to its highest byte."""
        low, high = np.lib.array_utils.byte_bounds(array)
        return cls.foreign(int(low), int(high - low), array)

    @hot
    def __del__(self) -> None:
        try:
            size = self._size
        except AttributeError:
            return  # an interrupt came before there was anything in it
        if size:
            pool = self._pool
            self._home.append(self.address)
            pool.pooled += self._size
            if pool.pooled > pool.enough:
                pool.trim()

    def changed(self) -> None:
        """Somebody writes to it, or may from now on."""
        if self.version > 0:
            self.version = 0

    def __repr__(self) -> str:
        kind = "" if self.owner is None else f" of {type(self.owner).__name__}"
        return f"Buffer({self.nbytes} bytes at {self.address:#x}{kind})"

    def array(
        self,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        offset: int = 0,
        strides: tuple[int, ...] | None = None,
    ) -> NDArray[Any]:
        """A NumPy view that keeps this memory alive; ``offset`` and ``strides`` in bytes."""
        if tail.held is not None:
            tail.show(self)
        base = np.asarray(_View(self))
        return np.ndarray(shape, dtype, base, offset, strides)


@hot
def take_all(kinds: Sequence[tuple[int, int, list[int]]]) -> list[Buffer]:
    """``Buffer(nbytes)`` for each (nbytes, *pool.home(nbytes)), for half of what that costs."""
    buffers = []
    for nbytes, size, home in kinds:
        buffer = _made(Buffer)
        buffer._size = 0  # set first: __del__ runs even if there is no memory
        try:
            buffer.address = home.pop()
        except IndexError:
            buffer.address, size, home = pool.take_other(size)
        pool.pooled -= size
        buffer._size = size
        buffer._home = home
        buffer._pool = pool
        buffer.nbytes = nbytes
        buffer.owner = None
        buffer.exposures = 0
        buffer.kept = False
        buffer.version = 0
        buffers.append(buffer)
    if pool.pooled < pool.low:
        pool.low = pool.pooled
    pool.allocations += len(buffers)
    return buffers


_made = object.__new__


class _View:
    """What a NumPy view holds on to: it shows the bytes and counts itself in ``exposures``."""

    __slots__ = ("__array_interface__", "buffer")

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer
        buffer.exposures += 1
        buffer.changed()
        self.__array_interface__ = {
            "version": 3,
            "typestr": "|u1",
            "shape": (buffer.nbytes,),
            "data": (buffer.address, False),
        }

    def __del__(self) -> None:
        self.buffer.exposures -= 1
