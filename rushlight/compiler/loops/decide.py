"""How a kernel's loops run: which variables merge, which one is vectorised, who shares the work."""

from __future__ import annotations

from rushlight.base.dtype import BOOL
from rushlight.compiler.emit import MEMORY
from rushlight.compiler.loops.build import Space
from rushlight.compiler.loops.few import few_vectors
from rushlight.compiler.loops.index import Coord
from rushlight.compiler.loops.moments import find_moments
from rushlight.compiler.loops.online import find_joined
from rushlight.compiler.loops.saved import HEAVY, choose_saved
from rushlight.compiler.loops.schedule import Root, Schedule
from rushlight.compiler.loops.square import has_squares
from rushlight.compiler.loops.stream import fetches, is_streamed, panel_columns, streams_rows
from rushlight.compiler.loops.turn import is_crowded, turned_width
from rushlight.compiler.loops.vector import MANY, is_short, is_tall, vector_variable, weight
from rushlight.compiler.loops.weave import is_apart, rows_together
from rushlight.runtime import cpu


def decide(space: Space, roots: list[Root], lanes_of: cpu.Cpu) -> Schedule:
    """The schedule of a kernel that computes ``roots`` on a CPU."""
    schedule = Schedule(space, roots, lanes_of)
    _order_variables(schedule)
    schedule.saved = choose_saved(schedule)
    _choose_lanes(schedule)
    schedule.short, schedule.woven = -1, 0
    schedule.squares = has_squares(schedule)
    schedule.shifted = False
    schedule.streamed = is_streamed(schedule)
    schedule.fetches = fetches(schedule)
    schedule.joined = find_joined(schedule) or find_moments(schedule)
    schedule.row_by_row = streams_rows(schedule)
    schedule.panel_columns = panel_columns(schedule)
    if schedule.joined:
        # largest, centre and sum of each vector side by side: more would not fit in registers
        schedule.unroll = 2
    schedule.together = rows_together(schedule, schedule.full_lanes)
    if schedule.together:
        schedule.short, schedule.vector = schedule.vector, schedule.rows[-2]
        schedule.woven = schedule.sizes[schedule.short]
        schedule.lanes = schedule.woven * schedule.together
        for access in schedule.loads.values():
            access.apart = is_apart(schedule, access)
    return schedule


# Variables


def _coords(schedule: Schedule) -> list[Coord]:
    found = [store.access.index for store in schedule.stores]
    found += [access.index for access in schedule.loads.values()]
    found += list(schedule.affine.values())
    found += [coord for pairs in schedule.guards.values() for coord, _ in pairs]
    return found


def _order_variables(schedule: Schedule) -> None:
    """Merge neighbours, choose the vector variable, fix the order: outer rows first."""
    reduced, extents = schedule.reduced, schedule.extents
    coords = _coords(schedule)
    memory = [store.access.index for store in schedule.stores if store.full or not reduced]
    memory += [access.index for access in schedule.loads.values()]
    memory += [store.access.index for store in schedule.stores if store.full is False and reduced]

    live = [k for k in range(len(extents)) if extents[k] != 1]
    classes = [
        [k for k in live if not reduced >> k & 1],
        [k for k in live if reduced >> k & 1],
    ]
    # Each group of merged variables: the innermost of it carries the coefficients.
    merged: list[list[tuple[int, int]]] = []
    for members in classes:
        members = sorted(members, key=lambda k: weight(memory, k), reverse=True)
        groups: list[tuple[int, int]] = []
        for variable in members:
            size = extents[variable]
            if groups:
                outer, outer_size = groups[-1]
                if all(c[outer + 1] == c[variable + 1] * size for c in coords):
                    groups[-1] = (variable, outer_size * size)
                    continue
            groups.append((variable, size))
        merged.append(groups)
    rows, inner = merged
    schedule.sizes = dict([*rows, *inner])
    schedule.vector, schedule.by_rows, schedule.narrow = vector_variable(rows, inner, memory)
    for groups in (rows, inner):
        for place, (variable, _) in enumerate(groups):
            if variable == schedule.vector:
                groups.append(groups.pop(place))
                break
    schedule.tiled = not inner and schedule.vector >= 0 and _tile(rows, memory, schedule.vector)
    schedule.rows = [variable for variable, _ in rows]
    schedule.inner = [variable for variable, _ in inner]
    schedule.cut = max(schedule.inner, key=lambda v: schedule.sizes[v], default=-1)


def _tile(rows: list[tuple[int, int]], memory: list[Coord], vector: int) -> bool:
    """A transpose: the variable along which the strided side is contiguous runs next to last.

    Rows and blocks of one chunk are then a tile whose cache lines are used whole on both sides.
    """
    for index in memory:
        if abs(index[vector + 1]) <= 1:
            continue
        for place, (variable, _) in enumerate(rows[:-1]):
            if abs(index[variable + 1]) == 1:
                near = rows.pop(place)
                rows.insert(len(rows) - 1, near)
                return True
    return False


# Lanes


def _choose_lanes(schedule: Schedule) -> None:
    sizes = set()
    for value in schedule.values:
        if value.dtype.category != BOOL and value.op not in ("const", "scalar"):
            size = 8 if value.op == "iota" else value.dtype.itemsize
            sizes.add(4 if value.dtype.name in ("float16", "bfloat16") else size)
    width = schedule.cpu.vector_bytes
    widest = 4 if 4 in sizes or not sizes else max(sizes)
    schedule.lanes = schedule.full_lanes = max(1, width // widest)
    schedule.heavy = sum(value.op in HEAVY for value in schedule.values)
    argument = any(v.op == "reduce" and v.data in ("argmax", "argmin") for v in schedule.values)
    # Side by side, so that one vector's polynomial runs while another's waits for itself.
    schedule.unroll = 4 if schedule.heavy else 1
    if any(v.op == "reduce" for v in schedule.values):
        schedule.unroll = 4 if schedule.by_rows else 2 if schedule.heavy else 8
    vector = schedule.vector
    if argument and not (schedule.by_rows and schedule.sizes[vector] >= MANY * schedule.lanes):
        schedule.unroll = 1  # short rows would be joining places most of the time
    moved = list(schedule.loads.values()) + [store.access for store in schedule.stores]
    contiguous = [a for a in moved if vector >= 0 and a.index[vector + 1]]
    wide = all(len(MEMORY[a.dtype.name]) > 2 and a.dtype.itemsize >= 4 for a in contiguous)
    schedule.masked = schedule.cpu.isa == "avx512" or (schedule.cpu.isa == "avx2" and wide)
    schedule.exact = schedule.panel = False
    schedule.turned = 0
    schedule.few, schedule.whole = 0, False
    if schedule.by_rows and len(schedule.inner) == 1 and schedule.rows:
        schedule.few = few_vectors(schedule.sizes[vector], schedule.lanes, schedule.masked)
    if vector < 0:
        schedule.lanes, schedule.unroll, schedule.masked = 1, 1, False
    elif schedule.narrow:
        schedule.masked, schedule.turned = False, turned_width(schedule)
        schedule.unroll = 1 if argument or is_crowded(schedule) else 2
    elif schedule.few:
        schedule.unroll, schedule.saved = 1, {}
        schedule.whole = schedule.sizes[vector] % schedule.lanes == 0
    elif _is_short(schedule, schedule.sizes[vector]):
        # A few channels or classes, many times over: a vector of just that length, no tail.
        schedule.exact, schedule.masked = True, False
        schedule.lanes, schedule.unroll = schedule.sizes[vector], 1
    elif _is_tall(schedule):
        schedule.panel, schedule.unroll = True, 4
    elif schedule.tiled or not (schedule.inner or schedule.masked):
        schedule.unroll = min(schedule.unroll, 1 if schedule.tiled else 2)
    elif len(schedule.rows) + len(schedule.inner) > 1:
        # No more vectors side by side than there are. One row by itself takes no time where it
        # is that short, and has one kernel for all lengths.
        while schedule.unroll > 1 and schedule.sizes[vector] < schedule.lanes * schedule.unroll:
            schedule.unroll //= 2


def _is_short(schedule: Schedule, extent: int) -> bool:
    if schedule.by_rows:
        return False
    total = schedule.row_count * schedule.inner_count
    if not schedule.inner and type(extent) is int and type(total) is not int:
        # Where nothing is reduced it makes no difference to any bit: a plan for many sizes
        # (``ir/size.py``) needs no two kernels, one for many rows and one for few.
        total = MANY * extent
    return is_short(extent, total)


def _is_tall(schedule: Schedule) -> bool:
    """Whether the columns are so many, and so long, that rows had better stream past."""
    if schedule.by_rows or not schedule.inner:
        return False
    reduces = [value for value in schedule.values if value.op == "reduce"]
    if not all(v.args[0].uses >> schedule.vector & 1 for v in reduces):
        return False
    return is_tall(schedule.inner_count, schedule.sizes[schedule.vector], schedule.lanes)
