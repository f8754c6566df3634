"""Results far larger than the caches, written past them.

An ordinary store reads the cache line that it is about to write over. A non-temporal one does not:
a third less to move where a chain reads one array and writes another. What is read again soon had
better stay in the caches, so only the last pass over large arrays is written so: that over a panel,
and the only one of a chain without reductions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rushlight.base.dtype import float32
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.saved import HEAVY
from rushlight.compiler.loops.schedule import Schedule, Store

if TYPE_CHECKING:
    from rushlight.compiler.emit import Writer
    from rushlight.compiler.loops.places import Places

# Bytes of results from which on nobody finds them in a cache.
LARGE = 32 << 20
LINE = 64
# Rows and columns of a tile of a transposing copy, and bytes that its second cache does not hold.
TILE = (128, 16)
BEYOND = 4 << 20
PAGE = 4096
# Columns of a panel at least: fewer in a row and nothing is fetched ahead; where rows stream past
# in parts; at most; and where they stream past whole.
NARROW, WIDE, PANEL, WHOLE = 256, 512, 1024, 4096
# Rows of a group that stream past whole: its sums are partial sums of so many terms.
ROWS = 32
# Floats of a row that the second cache holds beside what else passes through it.
WAITING = 1 << 16
# Floats of a row that the CPU's own prefetcher does not have before its turn comes.
LONG = 4096
# Steps of a row at least, so that looking up how its memory lies is nothing beside them.
SEVERAL = 4


def is_streamed(schedule: Schedule) -> bool:
    """Whether the last pass stores past the caches."""
    s = schedule
    if s.cpu.isa not in ("avx2", "avx512"):
        return False
    return _is_streamed_panel(s) if s.panel else _is_streamed_chain(s)


def fetches(schedule: Schedule) -> str:
    """What is asked for ahead: 'rows', 'tiles' or nothing.

    Large transposing copies ask for what the next tile reads and writes: no run of it is long
    enough for the CPU to notice.
    """
    s = schedule
    if not s.tiled:
        return "rows" if _fetches_rows(s) else ""
    nbytes = s.row_count * s.inner_count * s.stores[0].node.dtype.itemsize
    if s.squares or s.exact or s.sizes[s.rows[-2]] < TILE[1] or nbytes < BEYOND:
        return ""
    # Rows a page apart share places in the caches: what is asked for drives out what is there.
    steps = [a.index[s.vector + 1] * a.dtype.itemsize for a in s.loads.values()]
    return "" if any(step and step % PAGE == 0 for step in steps) else "tiles"


def _fetches_rows(schedule: Schedule) -> bool:
    """Whether the second pass over a row asks for the next row: the first is limited by memory, the
    second, which finds its row in a cache, by arithmetic.
    """
    s = schedule
    if not s.by_rows or not s.rows or s.few or len(s.inner) != 1 or not s.heavy:
        return False
    nbytes = s.inner_count * float32.itemsize
    if not LONG <= s.inner_count <= WAITING or s.row_count * nbytes < LARGE:
        return False
    return any(value.phase == 1 and value.full for value in s.values)


def streams_rows(schedule: Schedule) -> bool:
    """Whether the rows of a panel stream past whole, one after another: the sums wait in the first
    cache. Of whole rows that lie side by side memory brings more than of groups, which take turns;
    of parts of rows it does not, and from a cache groups are faster.
    """
    s = schedule
    if s.joined:
        return True
    if not s.panel or any(v.op == "reduce" and v.phase > 1 for v in s.values):
        return False
    if any(store.full for store in s.stores) or s.sizes[s.vector] > _widest(s):
        return False
    most = max((access.dtype.itemsize for access in s.loads.values()), default=0)
    return s.row_count * s.inner_count * most >= LARGE


def _widest(schedule: Schedule) -> int:
    """Columns of which the first cache holds all sums of a row."""
    return max(PANEL, WHOLE // sum(value.op == "reduce" for value in schedule.values))


def panel_columns(schedule: Schedule) -> tuple[int, int]:
    """How many columns a panel has: at least, where many threads want a share, and at most."""
    s = schedule
    if s.joined:
        return WIDE, PANEL
    return (PANEL, _widest(s)) if s.row_by_row else (NARROW, PANEL)


def _is_streamed_chain(schedule: Schedule) -> bool:
    """Of a chain, vectors along which all results lie side by side; of rows, the last pass.

    What takes longer to compute than to move gains nothing.
    """
    s = schedule
    if s.heavy or s.saved or s.vector < 0 or s.exact or s.few or s.tiled:
        return False
    if s.by_rows != bool(s.inner):
        return False
    stores = [store for store in s.stores if store.full == s.by_rows]
    if s.by_rows and any(v.op == "reduce" and v.phase > _first_stored(stores) for v in s.values):
        return False
    if not stores or any(store.access.index[s.vector + 1] != 1 for store in stores):
        return False
    sizes = [store.node.dtype.itemsize for store in stores]
    whole = s.lanes * s.unroll
    if any(whole * n % s.cpu.vector_bytes for n in sizes):
        return False
    # In this order: of small results whose sizes vary, "several?" would be one more thing that
    # decides which mould they fit.
    large = s.row_count * s.inner_count * sum(sizes) >= LARGE
    return large and s.sizes[s.vector] >= SEVERAL * whole


def _first_stored(stores: list[Store]) -> int:
    return min((store.value.phase for store in stores), default=0)


def _is_streamed_panel(schedule: Schedule) -> bool:
    """Of a panel, rows of which each begins with a whole vector, or where each row has a place of
    its own from which on there are whole vectors (``shifted``).

    Exponentials that would wait in the memory of the result are computed twice: that is less work
    than moving them there and back, even into the second cache.
    """
    s = schedule
    stores = [store for store in s.stores if store.full]
    if not stores:
        return False
    if any(store.value.phase != stores[0].value.phase for store in stores):
        return False
    shifted = not all(_keeps_alignment(s, store) for store in stores)
    if shifted and not _can_shift(s, stores):
        return False
    if s.row_count * s.inner_count * max(st.node.dtype.itemsize for st in stores) < LARGE:
        return False
    if not all(_is_cheap_exp(value) for value in s.saved):
        return False
    s.saved = {}
    s.shifted = shifted
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


def _can_shift(schedule: Schedule, stores: list[Store]) -> bool:
    """Whether one result is written side by side, and parts of a vector without steps of one."""
    s, access = schedule, stores[0].access
    whole = s.lanes * s.unroll * access.dtype.itemsize % s.cpu.vector_bytes == 0
    return len(stores) == 1 and s.masked and whole and access.index[s.vector + 1] == 1


def first_whole(places: Places, store: Store, low: str, high: str) -> str:
    """The first column of the row that runs, from ``low`` on, that begins a whole vector."""
    w, vector = places.w, places.s.vector
    places.active[vector] = low
    address = w.let(f"ptrtoint ptr {places.first(store.access)} to i64")
    missing = w.let(f"and i64 {w.let(f'sub i64 0, {address}')}, {LINE - 1}")
    columns = w.let(f"udiv i64 {missing}, {store.access.dtype.itemsize}")
    start = w.let(f"add nsw i64 {low}, {columns}")
    return w.let(f"call i64 @llvm.smin.i64(i64 {start}, i64 {high})")


def is_aligned(w: Writer, schedule: Schedule, stores: list[Store]) -> str:
    """i1: whether the memory of each of ``stores`` begins with a whole vector.

    Ours does; what an in-place call writes may be somebody else's. Blocks of columns are whole
    vectors long.
    """
    return _are_whole(w, schedule, [f"%p{store.access.pointer}" for store in stores])


def _are_whole(w: Writer, schedule: Schedule, pointers: list[str]) -> str:
    bits = ""
    for pointer in pointers:
        address = w.let(f"ptrtoint ptr {pointer} to i64")
        bits = w.let(f"or i64 {bits}, {address}") if bits else address
    odd = w.let(f"and i64 {bits}, {schedule.cpu.vector_bytes - 1}")
    return w.let(f"icmp eq i64 {odd}, 0")


def ways(places: Places, low: str, main: str, stores: Sequence[Store] = ()) -> Iterator[str]:
    """Where the loop over the vectors of a row begins that ends at ``main``.

    Where results are streamed, twice: of two loops one runs. ``stores``: what a pass along rows
    writes.
    """
    w, s = places.w, places.s
    stores = stores if s.by_rows else s.stores
    if s.streamed and stores:
        there = _may_stream(places, low, stores)
        places.streaming = True
        yield w.let(f"select i1 {there}, i64 {low}, i64 {main}")
        places.streaming = False
        low = w.let(f"select i1 {there}, i64 {main}, i64 {low}")
    yield low


def _may_stream(places: Places, low: str, stores: Sequence[Store]) -> str:
    """i1: whether the results of the row that runs, from ``low`` on, begin with whole vectors and
    are not written over what is read, whose lines the caches have anyway.
    """
    w, s = places.w, places.s
    places.active[s.vector] = low
    good = _are_whole(w, s, [places.first(store.access) for store in stores])
    for written in sorted({store.access.pointer for store in stores}):
        for read in sorted({access.pointer for access in s.loads.values()}):
            other = w.let(f"icmp ne ptr %p{written}, %p{read}")
            good = w.let(f"and i1 {good}, {other}")
    return good
