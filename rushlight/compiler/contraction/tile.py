"""The register tile: rows x (vectors * lanes) sums held in registers over the whole depth.

One step of depth loads ``vectors`` neighbours of B, spreads one element of A for each row over a
register, and adds the products. A's rows are addresses of their own, so that they may be rows of a
matrix, columns of a packed panel or pixels of an image; B's steps are a distance known at run time,
so that a packed panel and a plain row-major matrix are read by the same code.
"""

from __future__ import annotations

from collections.abc import Callable

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body

# Rows of the table that are read ahead of the stores, a power of two.
ASKED_ROWS = 16
# One row of a tile, four words: offset in A, in the output, in the residual, and its index.
ROW_BYTES = 32
# What a tile copies meanwhile, four words: from where, to where, the script, which has for each
# vector its offset there and, in the upper half of the word, here; how far on in it is what it asks
# for meanwhile.
COPY_BYTES = 32


class Tile(Record):
    """Rows x vectors * lanes results, summed in registers.

    ``pairs``: each number of A and B is two bf16, terms of which both are added (``pairs.py``).
    """

    rows: int
    vectors: int
    lanes: int
    dtype: str
    pairs: bool = False

    @property
    def columns(self) -> int:
        return self.vectors * self.lanes

    @property
    def itemsize(self) -> int:
        return values.SIZES[self.dtype]

    @property
    def vector(self) -> str:
        return values.kind(self.dtype, self.lanes)


class Level(Record):
    """One loop over depth: how often, and how far A moves each time (bytes).

    ``b_skip``: how far B moves after each round of an outer loop, past what the inner ones read.
    """

    count: str
    a_step: str
    b_skip: str = "0"


# Copies one vector: the one that belongs to A's offset.
Copy = Callable[[str], None]


def copying(body: Body, tile: Tile, record: str) -> Copy:
    """What copies a vector a step as ``record`` says (``COPY_BYTES``); A's offset grows by as much
    as a tile's rows, filled up to whole vectors."""
    source, target, script = body.words(record, 3, kind="ptr")
    ahead = body.load("i64", body.at(record, "24"))
    each = -(-tile.rows // tile.lanes) * tile.lanes * tile.itemsize

    def copy(offset: str) -> None:
        place = body.at(script, body.div(offset, str(each // 8)))
        both = body.load("i64", place)
        here = body.at(source, body.op(f"and i64 {both}, {2**32 - 1}"))
        there = body.at(target, body.op(f"lshr i64 {both}, 32"))
        later = body.load("i64", body.at(place, ahead))
        body.prefetch(body.at(source, body.op(f"and i64 {later}, {2**32 - 1}")))
        values.store(
            body, tile.dtype, values.load(body, tile.dtype, here, tile.lanes), there, tile.lanes
        )

    return copy


def fetching(body: Body, tile: Tile, record: str) -> Copy:
    """What asks for a vector, or for a part of one, a step; the fourth word is this part in
    65536ths."""
    source, _, script = body.words(record, 3, kind="ptr")
    rate = body.load("i64", body.at(record, "24"))
    each = -(-tile.rows // tile.lanes) * tile.lanes * tile.itemsize

    def fetch(offset: str) -> None:
        number = body.mul(body.div(offset, str(each // 8)), rate)
        place = body.op(f"lshr i64 {number}, 16")
        place = body.op(f"and i64 {place}, -8")
        both = body.load("i64", body.at(script, place))
        body.prefetch(body.at(source, body.op(f"and i64 {both}, {2**32 - 1}")))

    return fetch


def accumulate(
    body: Body,
    tile: Tile,
    rows: list[str],
    b: str,
    levels: list[Level],
    b_step: str,
    masks: list[str],
    ahead: tuple[str, int] | None = None,
    band: str = "",
    copy: Copy | None = None,
    added: tuple[str, str] | None = None,
) -> list[str]:
    """The sums of one tile, row by row. ``levels`` run from the outermost to the innermost.

    B moves by ``b_step`` in the innermost loop and goes on from there in the next round. The
    innermost count must be at least 1; any other may be 0. ``masks``: for each vector which columns
    exist (B is not read elsewhere); empty when all do. ``ahead``: memory that is asked for
    meanwhile, from an address on, and how many times A's step at a time. ``band``: so is what lies
    so many bytes after what is read of B. ``copy``: done meanwhile, from A's offset. ``added``: so
    is what will be added to the sums: the tile's rows in the table, and the residual's columns.
    """

    def step(offset: str, b: str, sums: list[str]) -> list[str]:
        if ahead:
            body.prefetch(body.at(ahead[0], body.mul(offset, str(ahead[1]))))
        if band:
            later = body.at(b, band)
            for line in range(0, tile.columns * tile.itemsize, 64):
                body.prefetch(body.at(later, str(line)))
        if copy:
            copy(offset)
        if added:
            _ask_for_added(body, tile, b, *added)
        return _step(body, tile, rows, offset, b, sums, masks)

    return nested(body, tile, b, levels, b_step, step)


def _ask_for_added(body: Body, tile: Tile, b: str, lines: str, columns: str) -> None:
    """One line of what will be added, another one in each step: all at once would wait.

    Which one B's address says: rows first, then the lines of a row.
    """
    width = tile.columns * tile.itemsize
    shift = (width & -width).bit_length() - 1
    number = body.op(f"lshr i64 {body.op(f'ptrtoint ptr {b} to i64')}, {shift}")
    row = body.op(f"and i64 {number}, {ASKED_ROWS - 1}")
    line = body.op(f"lshr i64 {number}, {ASKED_ROWS.bit_length() - 1}")
    line = body.op(f"and i64 {line}, {(1 << (width // 64 - 1).bit_length()) - 1}")
    entry = body.at(lines, body.mul(row, str(ROW_BYTES)))
    place = body.at(columns, body.load("i64", body.at(entry, "16")))
    body.prefetch(body.at(place, body.mul(line, "64")))


# One term of depth: from A's offset, B's address and the sums so far to the new sums.
Step = Callable[[str, str, list[str]], list[str]]


def nested(
    body: Body,
    tile: Tile,
    b: str,
    levels: list[Level],
    b_step: str,
    step: Step,
    start: list[str] | None = None,
) -> list[str]:
    """The sums of one tile whose terms ``step`` adds to ``start``; otherwise as ``accumulate``."""
    if start is None:
        start = [values.zero(tile.lanes)] * (tile.rows * tile.vectors)
    return _Nest(body, tile, b_step, step).loop("0", b, start, levels)[2]


class _Nest(Record):
    """The loops over depth."""

    body: Body
    tile: Tile
    b_step: str
    step: Step

    def loop(
        self, offset: str, b: str, sums: list[str], levels: list[Level]
    ) -> tuple[str, str, list[str]]:
        """One level and those inside it; gives A's offset, B and the sums after it."""
        body, vector = self.body, self.tile.vector
        level, inner = levels[0], levels[1:]
        number, before = body.name(""), body.block
        head, tail, done = f"deep{number}", f"deep{number}.end", f"deep{number}.done"
        index, here, panel = f"%d{number}", f"%a{number}", f"%b{number}"
        carried = [f"%s{number}.{position}" for position in range(len(sums))]
        # The hot loop tests at its end; the others first, since they may have nothing to do.
        latch = tail if inner else head
        body.jump(head)
        body.label(head)
        # Counted down, which keeps the bound out of a register.
        body.line(f"{index} = phi i64 [ {level.count}, %{before} ], [ {index}.next, %{latch} ]")
        body.line(f"{here} = phi i64 [ {offset}, %{before} ], [ {here}.next, %{latch} ]")
        body.line(f"{panel} = phi ptr [ {b}, %{before} ], [ {panel}.next, %{latch} ]")
        phis = len(body.lines)
        body.lines.extend([""] * len(sums))  # written below, when the new sums have names
        if inner:
            body.line(f"{index}.more = icmp sgt i64 {index}, 0")
            body.line(f"br i1 {index}.more, label %{head}.body, label %{done}")
            body.label(f"{head}.body")
            _, after, new = self.loop(here, panel, carried, inner)
            body.jump(tail)
            body.label(tail)
            step = level.b_skip
        else:
            new = self.step(here, panel, carried)
            after, step = panel, self.b_step
        for place, (name, old, value) in enumerate(zip(carried, sums, new, strict=True), phis):
            phi = f"phi {vector} [ {old}, %{before} ], [ {value}, %{latch} ]"
            body.lines[place] = f"  {name} = {phi}"
        body.line(f"{here}.next = add i64 {here}, {level.a_step}")
        body.line(f"{panel}.next = getelementptr i8, ptr {after}, i64 {step}")
        body.line(f"{index}.next = sub i64 {index}, 1")
        if inner:
            body.line(f"br label %{head}, !llvm.loop !0")
            body.label(done)
            return here, panel, carried
        body.line(f"{index}.more = icmp sgt i64 {index}.next, 0")
        body.line(f"br i1 {index}.more, label %{head}, label %{done}, !llvm.loop !0")
        body.label(done)
        return f"{here}.next", f"{panel}.next", new


def _step(
    body: Body, tile: Tile, rows: list[str], offset: str, b: str, sums: list[str], masks: list[str]
) -> list[str]:
    """One term of depth: every sum plus its product."""
    width = tile.lanes * tile.itemsize
    columns = [
        values.load(
            body,
            tile.dtype,
            body.at(b, str(width * vector)),
            tile.lanes,
            masks[vector] if masks else "",
        )
        for vector in range(tile.vectors)
    ]
    new = []
    for row in range(tile.rows):
        one = body.load(values.kind(tile.dtype), body.at(rows[row], offset), tile.itemsize)
        many = values.spread(body, tile.dtype, one, tile.lanes)
        for vector in range(tile.vectors):
            old = sums[row * tile.vectors + vector]
            right = columns[vector]
            new.append(
                values.plus_product(body, tile.dtype, old, many, right, tile.lanes, tile.pairs)
            )
    return new


def column_masks(body: Body, tile: Tile, count: str) -> list[str]:
    """For each vector of the tile, which of its columns are below ``count``."""
    # As wide as the numbers: any other width is converted again in each round of the hot loop.
    element = f"i{8 * tile.itemsize}"
    lanes = ", ".join(f"{element} {lane}" for lane in range(tile.lanes))
    masks = []
    for vector in range(tile.vectors):
        left = body.sub(count, str(vector * tile.lanes))
        if element != "i64":
            left = body.op(f"trunc i64 {left} to {element}")
        kind = f"<{tile.lanes} x {element}>"
        first = body.op(f"insertelement {kind} poison, {element} {left}, i64 0")
        limit = body.op(
            f"shufflevector {kind} {first}, {kind} poison, <{tile.lanes} x i32> zeroinitializer"
        )
        masks.append(body.op(f"icmp slt {kind} <{lanes}>, {limit}"))
    return masks
