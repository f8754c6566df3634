"""Results far larger than the caches, written past them.

An ordinary store reads the cache line that it is about to write over. A non-temporal one does not:
a third less to move where a chain reads one array and writes another. What is read again soon had
better stay in the caches, so only the last pass over large arrays is written so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rushlight.base.dtype import float32
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.saved import HEAVY

if TYPE_CHECKING:
    from rushlight.compiler.emit import Writer
    from rushlight.compiler.loops.schedule import Schedule, Store

# Bytes of results from which on nobody finds them in a cache.
LARGE = 32 << 20


def is_streamed(schedule: Schedule) -> bool:
    """Whether the last pass over a panel stores past the caches.

    Exponentials that would wait in the memory of the result are then computed twice: that is less
    work than moving them there and back.
    """
    s = schedule
    stores = [store for store in s.stores if store.full]
    if not s.panel or s.cpu.isa not in ("avx2", "avx512") or not stores:
        return False
    if any(store.value.phase != stores[0].value.phase for store in stores):
        return False
    if not all(_keeps_alignment(s, store) for store in stores):
        return False
    if s.row_count * s.inner_count * max(st.node.dtype.itemsize for st in stores) < LARGE:
        return False
    if not all(_is_cheap_exp(value) for value in s.saved):
        return False
    s.saved = {}
    return True


def _is_cheap_exp(value: Value) -> bool:
    below = needed_full(list(value.args))
    return (
        value.op == "exp" and value.dtype is float32 and not any(each.op in HEAVY for each in below)
    )


def _keeps_alignment(schedule: Schedule, store: Store) -> bool:
    """Whether every row, and in it every step, begins as many whole vectors after the first."""
    s, size, along = schedule, store.access.dtype.itemsize, schedule.vector + 1
    steps = [step for place, step in enumerate(store.access.index) if place not in (0, along)]
    steps.append(s.lanes * s.unroll)
    if store.access.index[along] != 1:
        return False
    return not any(step * size % s.cpu.vector_bytes for step in steps)


def is_aligned(w: Writer, schedule: Schedule, stores: list[Store]) -> str:
    """i1: whether the memory of each of ``stores`` begins with a whole vector.

    Ours does; what an in-place call writes may be somebody else's. Blocks of columns are whole
    vectors long.
    """
    bits = ""
    for store in stores:
        address = w.let(f"ptrtoint ptr %p{store.access.pointer} to i64")
        bits = w.let(f"or i64 {bits}, {address}") if bits else address
    odd = w.let(f"and i64 {bits}, {schedule.cpu.vector_bytes - 1}")
    return w.let(f"icmp eq i64 {odd}, 0")
