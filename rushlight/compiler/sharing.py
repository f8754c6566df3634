"""Which commands of a program several threads share: those where that is faster than one thread.

Handing chunks out costs a microsecond or two. What weighs more in small steps is *where the data
is*: a cache line that another core wrote last comes from that core's cache, several times slower
than from one's own. So an update of weights whose gradients the calling thread has just made is
left to it, and a pool over what a shared convolution made is shared along the same cuts (the pool
of threads gives each thread the same part of every command: ``runtime/pool_ir.py``).

``shared`` goes through the program once and keeps in mind who touched each place last. A place is
near nobody if it is larger than a core's own cache, or if so much else has come into the cache
since.

The model holds for cores that are far from each other. Where they are near (or where one of them is
kept busy by another process) other ways are faster, by a tenth of a step of a small network, and
which of the two it is can change while a program runs: ``ways`` lists what is worth a try, see
``runtime/tryout.py``.

Nothing here changes a result: chunks follow from shapes alone, and any thread may run each.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.base.record import Record
from rushlight.runtime import cpu

Place = tuple[int, int]

# Measured on two cores of a Zen 4 server; orders of magnitude are what counts.
FLOPS_PER_US = 60_000
BYTES_PER_US = 40_000
# To hand out chunks and to wait for the last one.
HANDOUT_US = 2.5
# A byte in a line that another core holds.
REMOTE_US = 0.0002
# Of the size of a core's own cache: what no longer fits is thrown out little by little.
KEPT = 2


class Work(Record):
    """What one command does: how much, in how many chunks, and the places and bytes it touches."""

    chunks: int
    nbytes: int
    flops: int
    touched: Sequence[tuple[Place, int]]


def shared(program: Sequence[Work]) -> list[bool]:
    """For each command whether its chunks are handed out to all threads.

    Small work is for one thread, and so is what has one chunk:

    >>> small, large, whole = Work(9, 4096, 4096, ()), Work(9, 0, 10**7, ()), Work(1, 0, 10**7, ())
    >>> shared([small, large, whole])
    [False, True, False]
    """
    threads = max(2, cpu.cores())
    near = KEPT * cpu.host().l2_bytes
    elsewhere = (threads - 1) / threads * REMOTE_US
    sizes: dict[Place, int] = {}
    for work in program:
        for place, size in work.touched:
            sizes[place] = max(size, sizes.get(place, 0))
    # Who touched a place last, and how many bytes had come into the cache by then. The runs before
    # this one left the places of a small program in the cache of the calling thread.
    small = sum(sizes.values()) <= near
    last: dict[Place, tuple[bool, int]] = dict.fromkeys(sizes, (False, 0)) if small else {}
    clock = 0
    found = []
    for work in program:
        mine = others = 0
        for place, size in work.touched:
            by_all, then = last.get(place, (False, clock - near - 1))
            if clock - then <= near and size <= near:
                if by_all:
                    others += size
                else:
                    mine += size
            else:
                clock += size
        time = max(work.flops / FLOPS_PER_US, work.nbytes / BYTES_PER_US)
        alone = time + others * elsewhere
        together = time / max(1, min(threads, work.chunks)) + HANDOUT_US + mine * elsewhere
        share = work.chunks > 1 and together < alone
        for place, _ in work.touched:
            last[place] = (share, clock)
        found.append(share)
    return found


def ways(
    chunks: Sequence[int], costs: Sequence[Sequence[int]], planned: Sequence[bool]
) -> list[list[bool]]:
    """Ways to share a program's commands, other than ``planned``, that may be faster.

    ``costs``: operations and bytes of each command. All that can be shared, what takes as long as
    to hand it out, and nothing:

    >>> ways([1, 4, 4], [(0, 10**6), (0, 10**6), (0, 10**3)], [False, False, False])
    [[False, True, True], [False, True, False]]
    """
    times = [max(flops / FLOPS_PER_US, nbytes / BYTES_PER_US) for flops, nbytes in costs]
    least = [0.0, HANDOUT_US, float("inf")]
    found: list[list[bool]] = []
    for each in least:
        way = [many > 1 and time > each for many, time in zip(chunks, times, strict=True)]
        if way != list(planned) and way not in found:
            found.append(way)
    return found
