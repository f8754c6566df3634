"""One panel of B against many rows of A: the function that every contraction kernel calls.

It takes the rows of its table tile by tile, sums each tile over the depth, finishes and stores
it. A function of its own, not text inside the kernels' loops: LLVM's passes take time that grows
with the depth of a loop nest, and the register allocator sees few values besides the tile's.
"""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.compiler.contraction.finish import Finish, Output, Place
from rushlight.compiler.contraction.store import spill, store_scalars, store_tile
from rushlight.compiler.contraction.tile import (
    COPY_BYTES,
    ROW_BYTES,
    Level,
    Tile,
    accumulate,
    column_masks,
    copying,
    fetching,
)

PART = 256
# Bytes that memory takes as long to bring as a tile or two of little depth take to be summed.
AHEAD = "4096"
LONG = "96"
# Two stretches of memory that will be read later, and how much of them has been asked for.
_ASKS = [("ptr", "ask"), ("i64", "ask_bytes"), ("ptr", "then"), ("i64", "then_bytes"),
         ("i64", "asked")]  # fmt: skip


class Panel(Record):
    """What is in the function's text: ``levels`` loops over depth.

    ``edge``: for columns that do not fill the tile where B is not packed: it is read under a mask
    (which halves the speed) and only those columns. ``parts``: the depth may be long; sums of
    ``PART`` of it are added up in memory, which is as exact as shorter blocks of depth. There are
    two levels then, the outer one of a single round. ``streams``: rows of A lie one behind the
    other and come from far: while a tile is summed, the next one is asked for. ``results``: so
    is the memory that the sums will go to, where the depth is ``LONG``; in the last part, if there
    are several. ``beside``: a tile's rows
    are neighbours in A, from where the table has the first. ``copies``: meanwhile a vector of
    something else is copied in each step: what each tile copies is at ``copies``. ``fetches``: it
    is only asked for.
    ``asks``: memory that something else
    will read is asked for meanwhile, as many bytes a step as A's rows are apart there. ``follows``:
    so is what lies as many bytes after B's rows as there are now. ``gaps``: outer levels move B
    past what the inner ones read. ``along``: see ``store_tile``.
    """

    tile: Tile
    finish: Finish
    levels: int
    edge: bool = False
    parts: bool = False
    streams: bool = False
    results: bool = False
    beside: bool = False
    asks: bool = False
    follows: bool = False
    copies: bool = False
    fetches: bool = False
    gaps: bool = False
    along: bool = False

    @property
    def name(self) -> str:
        return "edge" if self.edge else "copying" if self.copies else "panel"

    def parameters(self) -> list[tuple[str, str]]:
        """(type, name), in order."""
        outputs = ("out", *self.finish.pointers)
        return [
            ("ptr", "rows"), ("i64", "count"), ("ptr", "origin"), ("ptr", "b"),
            ("i64", "column"), ("i64", "columns"), ("i1", "first"), ("i1", "last"), ("i1", "whole"),
            ("i64", "b_step"),
            *[("i64", f"{what}{level}") for level in range(self.levels) for what in ("n", "a")],
            *[("ptr", f"{name}.base") for name in outputs],
            *[("i64", f"{name}.step") for name in outputs],
            *(_ASKS if self.asks else []),
            *([("i64", "b_band")] if self.follows else []),
            *([("ptr", "copies")] if self.copies or self.fetches else []),
            *([("i64", f"s{level}") for level in range(self.levels - 1)] if self.gaps else []),
        ]  # fmt: skip

    def define(self) -> str:
        """The function's text."""
        tile, body = self.tile, Body()
        buffer = body.op(f"alloca [{tile.rows * tile.columns * tile.itemsize} x i8], align 64")
        names = ("out", *self.finish.pointers)
        output = Output(
            {name: f"%{name}.base" for name in names},
            {name: f"%{name}.step" for name in names},
            "%whole",
        )
        levels = [
            Level(f"%n{level}", f"%a{level}", f"%s{level}" if self.gaps else "0")
            for level in range(self.levels)
        ]
        masks = column_masks(body, tile, "%columns") if self.edge else []
        with body.loop("0", "%count", str(tile.rows)) as row:
            lines = body.at("%rows", body.mul(row, str(ROW_BYTES)))
            addresses = [body.at("%origin", body.load("i64", lines))]
            for index in range(1, tile.rows):
                if self.beside:
                    addresses.append(body.at(addresses[0], str(index * tile.itemsize)))
                else:
                    offset = body.load("i64", body.at(lines, str(ROW_BYTES * index)))
                    addresses.append(body.at("%origin", offset))
            if self.results and not self.parts:
                with body.when(body.less(LONG, f"%n{self.levels - 1}")):
                    self._ask_for_results(body, lines)
            if self.parts:
                sums = self._in_parts(body, lines, addresses, buffer)
            else:
                ahead = None
                if self.streams:
                    # A tile ahead, since its rows are all read from the first step on.
                    one = body.mul(f"%n{self.levels - 1}", f"%a{self.levels - 1}")
                    far = body.max(body.mul(one, str(tile.rows)), AHEAD)
                    ahead = body.at(addresses[0], far), tile.rows
                elif self.asks:
                    ahead = self._to_come(body, row, addresses[0]), 1
                copy = None
                if self.copies or self.fetches:
                    number = body.div(row, str(tile.rows))
                    record = body.at("%copies", body.mul(number, str(COPY_BYTES)))
                    copy = (copying if self.copies else fetching)(body, tile, record)
                band = "%b_band" if self.follows else ""
                added = None
                if self.finish.residual:
                    across = body.mul("%column", "%residual.step")
                    added = lines, body.at("%residual.base", across)
                sums = accumulate(
                    body, tile, addresses, "%b", levels, "%b_step", masks, ahead, band, copy, added
                )
            valid = body.min(str(tile.rows), body.sub("%count", row))
            at = Place(lines, valid, "%column", "%columns", "%first", "%last")
            if self.edge:
                spill(body, tile, sums, buffer)
                store_scalars(body, tile, self.finish, output, buffer, at)
            else:
                store_tile(body, tile, self.finish, output, sums, buffer, at, self.along)
        return function(self.name, self.parameters(), body)

    def _ask_for_results(self, body: Body, lines: str) -> None:
        """The lines that this tile's sums will be stored to come while it is summed."""
        tile = self.tile
        across = body.mul("%column", "%out.step")
        last = str(tile.columns * tile.itemsize - 1)
        for row in range(tile.rows):
            offset = body.load("i64", body.at(lines, str(ROW_BYTES * row + 8)))
            place = body.at(body.at("%out.base", offset), across)
            body.prefetch(place, write=True)
            body.prefetch(body.at(place, last), write=True)

    def _to_come(self, body: Body, row: str, here: str) -> str:
        """What this tile asks for, as far on as the tiles before it have asked."""
        walked = body.mul(f"%n{self.levels - 1}", f"%a{self.levels - 1}")
        done = body.add("%asked", body.mul(body.div(row, str(self.tile.rows)), walked))
        later = body.sub(done, "%ask_bytes")
        second = body.select(body.less(later, "%then_bytes"), body.at("%then", later), here, "ptr")
        return body.select(body.less(done, "%ask_bytes"), body.at("%ask", done), second, "ptr")

    def _in_parts(self, body: Body, lines: str, rows: list[str], buffer: str) -> list[str]:
        """The sums over the inner level; those of earlier parts wait in ``buffer``."""
        tile = self.tile
        size = tile.lanes * tile.itemsize
        places = [body.at(buffer, str(index * size)) for index in range(tile.rows * tile.vectors)]
        number = body.name("")
        head, more, done = f"part{number}", f"part{number}.more", f"part{number}.done"
        before = body.block
        body.jump(head)
        body.label(head)
        begun = f"%begun{number}"
        body.line(f"{begun} = phi i64 [ 0, %{before} ], [ {begun}.next, %{more} ]")
        left = body.sub("%n1", begun)
        count = body.min(str(PART), left)
        if self.results:
            ends = body.less(left, str(PART + 1))
            with body.when(body.op(f"and i1 {ends}, %whole")):
                self._ask_for_results(body, lines)
        offset = body.mul(begun, "%a1")
        starts = [body.at(row, offset) for row in rows]
        b = body.at("%b", body.mul(begun, "%b_step"))
        band = "%b_band" if self.follows else ""
        sums = accumulate(body, tile, starts, b, [Level(count, "%a1")], "%b_step", [], None, band)

        def plus(sums: list[str]) -> list[str]:
            # Volatile, or LLVM keeps them in registers that there are not.
            olds = [
                body.op(f"load volatile {tile.vector}, ptr {place}, align {size}")
                for place in places
            ]
            return [
                values.add(body, tile.dtype, old, value, tile.lanes)
                for old, value in zip(olds, sums, strict=True)
            ]

        sums = body.maybe(body.less("0", begun), tile.vector, sums, plus)
        body.line(f"{begun}.next = add i64 {begun}, {PART}")
        body.line(f"br i1 {body.less(str(PART), left)}, label %{more}, label %{done}")
        body.label(more)
        for place, value in zip(places, sums, strict=True):
            body.line(f"store volatile {tile.vector} {value}, ptr {place}, align {size}")
        body.line(f"br label %{head}, !llvm.loop !0")
        body.label(done)
        return sums

    def declare(self) -> str:
        """What a module with this function (or several like it) needs."""
        pairs = values.declare_pairs() if self.tile.pairs else ""
        return values.declare_masked_load(self.tile.dtype, self.tile.lanes) + pairs

    def call(
        self,
        body: Body,
        rows: str,
        count: str,
        origin: str,
        b: str,
        levels: list[Level],
        b_step: str,
        output: Output,
        column: str,
        columns: str,
        first: str,
        last: str,
        asks: dict[str, str] | None = None,
    ) -> None:
        """Columns ``column ..`` (``columns`` of them, at most the tile's) of ``count`` rows.

        ``rows``: the table, whose rows up to the next whole tile are addresses too. ``levels`` run
        from the outermost to the innermost, where B moves by ``b_step``; an inner count is never 0
        unless an outer one is.
        """
        given = {
            "rows": rows, "count": count, "origin": origin, "b": b, "column": column,
            "columns": columns, "first": first, "last": last, "whole": output.whole_vectors,
            "b_step": b_step,
        }  # fmt: skip
        for index, level in enumerate(levels):
            given[f"n{index}"], given[f"a{index}"] = level.count, level.a_step
            given[f"s{index}"] = level.b_skip
        for name in ("out", *self.finish.pointers):
            given[f"{name}.base"], given[f"{name}.step"] = output.bases[name], output.steps[name]
        given |= asks or {}
        body.call(self.name, [(kind, given[name]) for kind, name in self.parameters()])
