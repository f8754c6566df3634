"""Running sums and products of floats, carried on in double as PyTorch does on the CPU.

Along neighbours four doubles are added up in a register (each with the one before it, then each
half with the one before it), and what came before is added to all of them: what one vector hands
to the next is one addition, not one for each element.
"""

from __future__ import annotations

from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.kernels.nest import Row

FLOATS, DOUBLES = "<4 x float>", "<4 x double>"
FLOAT_BYTES = 4
# Neighbours in one step, and columns whose totals wait in the first cache.
STEP = 8
BLOCK = 1024
# Rows before they are read rows are asked for: each begins a run of its own.
AHEAD = 4
_START = {"add": "0.0", "prod": "1.0"}


def is_wide(mode: str, dtype: str) -> bool:
    """Whether totals are of a wider type than the numbers."""
    return dtype == "f32" and mode in _START


def _same(number: str) -> str:
    return f"splat (double {number})"


def _joined(body: Body, mode: str, kind: str, left: str, right: str) -> str:
    return body.op(f"{'fadd' if mode == 'add' else 'fmul'} {kind} {left}, {right}")


def _load(body: Body, address: str) -> str:
    value = body.load(FLOATS, address, FLOAT_BYTES)
    return body.op(f"fpext {FLOATS} {value} to {DOUBLES}")


def _store(body: Body, value: str, address: str) -> None:
    narrow = body.op(f"fptrunc {DOUBLES} {value} to {FLOATS}")
    body.store(FLOATS, narrow, address, FLOAT_BYTES)


def _shuffled(body: Body, left: str, right: str, lanes: tuple[int, ...]) -> str:
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    return body.op(f"shufflevector {DOUBLES} {left}, {DOUBLES} {right}, <4 x i32> <{mask}>")


def _within(body: Body, mode: str, value: str) -> tuple[str, str]:
    """(running totals of the four, the last of them in every lane)"""
    start = _same(_START[mode])
    value = _joined(body, mode, DOUBLES, value, _shuffled(body, value, start, (4, 0, 4, 2)))
    value = _joined(body, mode, DOUBLES, value, _shuffled(body, value, start, (4, 4, 1, 1)))
    return value, _shuffled(body, value, "poison", (3, 3, 3, 3))


def neighbours(body: Body, mode: str, at: tuple[str, ...], size: str, total: str) -> None:
    """One row of neighbours; ``total``: a place for four doubles."""
    body.store(DOUBLES, _same(_START[mode]), total)
    whole = body.op(f"and i64 {size}, {-STEP}")
    with body.loop("0", whole, str(STEP)) as index:
        offset = body.mul(index, str(FLOAT_BYTES))
        source, target = body.at(at[0], offset), body.at(at[1], offset)
        half = str(STEP // 2 * FLOAT_BYTES)
        first, first_all = _within(body, mode, _load(body, source))
        second, second_all = _within(body, mode, _load(body, body.at(source, half)))
        before = body.load(DOUBLES, total)
        _store(body, _joined(body, mode, DOUBLES, first, before), target)
        middle = _joined(body, mode, DOUBLES, before, first_all)
        _store(body, _joined(body, mode, DOUBLES, second, middle), body.at(target, half))
        if mode == "add":  # a product of eight could overflow or vanish by itself
            both = _joined(body, mode, DOUBLES, first_all, second_all)
            after = _joined(body, mode, DOUBLES, before, both)
        else:
            after = _joined(body, mode, DOUBLES, middle, second_all)
        body.store(DOUBLES, after, total)
    with body.loop(whole, size) as index:
        offset = body.mul(index, str(FLOAT_BYTES))
        value = body.load("float", body.at(at[0], offset), FLOAT_BYTES)
        wide = body.op(f"fpext float {value} to double")
        wide = _joined(body, mode, "double", body.load("double", total), wide)
        body.store("double", wide, total)
        narrow = body.op(f"fptrunc double {wide} to float")
        body.store("float", narrow, body.at(at[1], offset), FLOAT_BYTES)


def along(
    body: Body, mode: str, at: tuple[str, ...], first: str, lanes: int, walk: tuple[str, str]
) -> None:
    """``lanes`` columns from ``first`` on, down all rows, their totals in registers."""
    narrow = "float" if lanes == 1 else f"<{lanes} x float>"
    wide = "double" if lanes == 1 else f"<{lanes} x double>"
    offset = body.mul(first, str(FLOAT_BYTES))
    source, target = body.at(at[0], offset), body.at(at[1], offset)
    start = _START[mode] if lanes == 1 else _same(_START[mode])
    size, step = walk
    entry, number = body.block, body.name("")
    total, after = f"%total{number}", f"%after{number}"
    body.jump(f"down{number}")
    body.label(f"down{number}")
    index = f"%row{number}"
    body.line(f"{index} = phi i64 [ 0, %{entry} ], [ {index}.next, %down{number} ]")
    body.line(f"{total} = phi {wide} [ {start}, %{entry} ], [ {after}, %down{number} ]")
    there = body.mul(index, step)
    value = body.load(narrow, body.at(source, there), FLOAT_BYTES)
    value = body.op(f"fpext {narrow} {value} to {wide}")
    body.line(f"{after} = {'fadd' if mode == 'add' else 'fmul'} {wide} {total}, {value}")
    result = body.op(f"fptrunc {wide} {after} to {narrow}")
    body.store(narrow, result, body.at(target, there), FLOAT_BYTES)
    body.line(f"{index}.next = add i64 {index}, 1")
    body.line(f"{index}.more = icmp slt i64 {index}.next, {size}")
    body.line(f"br i1 {index}.more, label %down{number}, label %past{number}")
    body.label(f"past{number}")


def rows(body: Body, mode: str, row: Row, lanes: int, walk: tuple[str, str], totals: str) -> None:
    """Blocks of columns, in each one row after another; ``totals``: a place for BLOCK doubles.

    Rows stream through memory as they lie; a vector walked down all of them would not. The columns
    that are no whole vector are walked down, together with neighbours.
    """
    size, step = walk
    narrow, wide = f"<{lanes} x float>", f"<{lanes} x double>"
    count = body.sub(row.stop, row.start)
    ahead = body.mul(step, str(AHEAD))
    whole = body.add(row.start, body.op(f"and i64 {count}, {-lanes}"))
    with body.loop(row.start, whole, str(BLOCK)) as first:
        stop = body.min(body.add(first, str(BLOCK)), whole)
        with body.loop(first, stop, str(lanes)) as column:
            place = body.at(totals, body.mul(body.sub(column, first), "8"))
            body.store(wide, _same(_START[mode]), place, 8)
        with body.loop("0", size) as index:
            there = body.mul(index, step)
            source, target = body.at(row.at[0], there), body.at(row.at[1], there)
            with body.loop(first, stop, str(lanes)) as column:
                offset = body.mul(column, str(FLOAT_BYTES))
                body.prefetch(body.at(source, body.add(offset, ahead)))
                place = body.at(totals, body.mul(body.sub(column, first), "8"))
                value = body.load(narrow, body.at(source, offset), FLOAT_BYTES)
                value = body.op(f"fpext {narrow} {value} to {wide}")
                total = _joined(body, mode, wide, body.load(wide, place, 8), value)
                body.store(wide, total, place, 8)
                result = body.op(f"fptrunc {wide} {total} to {narrow}")
                body.store(narrow, result, body.at(target, offset), FLOAT_BYTES)
    with body.when(body.less(whole, row.stop)):
        along(body, mode, row.at, body.sub(row.stop, str(lanes)), lanes, walk)
