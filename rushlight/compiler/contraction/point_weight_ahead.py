"""The weight gradient of a single tap where a vector is a cache line: the next band is packed while
this one is summed.

As ``point_weight_kernel``, with two rooms for packed bands. A step of a tile of 13 rows takes 13
cycles, in which a core could do twice as much as it is asked to, so it copies a vector of the next
band as well. Vectors are copied in the order in which they lie, position by position, which is what
memory brings in time: a *script*, the same for all bands, says where each one goes. Copies are
spread evenly over the panels, and tiles that copy nothing ask for what the next panel's will, in so
many steps as there are, since memory brings no more at a time. The first band, and what is around
bands of another length, is packed by itself.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.point_weight_kernel import (
    MAX_ROWS,
    WORDS,
    Chunk,
    define_pack,
    fill_table,
    shift,
    strip_width,
)
from rushlight.compiler.contraction.tile import COPY_BYTES, ROW_BYTES, Level, Tile
from rushlight.compiler.launch import Kernel

# Each of the two packed blocks of a band, on the stack, twice. Tiles read a position past its end.
ROOM_BYTES = 256 * 1024
_ROOM_STEP = ROOM_BYTES + 2112
# Vectors of a band, the positions of one, and its tiles.
MAX_SCRIPT, MAX_TILES = 12 * 1024, 1024
# So few bands are not worth a script.
FEW_BANDS = "6"
# Positions after which memory is asked for: a script has so many more, which are in later bands.
AHEAD = 16


class _Band(Record):
    """Where a band is in g and in x, and how many positions it has on each axis and in all (0:
    there is none)."""

    g: str
    x: str
    counts: list[str]
    depth: str


class _Side(Record):
    """One of the two packed blocks.

    ``many`` neighbours of each position in strips of ``width`` that begin ``step`` neighbours, and
    ``pitch`` bytes, apart. ``begun``: vectors of a position in the blocks before this one.
    """

    name: str
    room: str
    many: str
    pitch: str
    step: int
    width: int
    begun: str

    def vectors(self, body: Body, tile: Tile) -> str:
        strips = body.ceil_div(self.many, str(self.step))
        return body.mul(strips, str(self.width // tile.lanes))


@functools.lru_cache(maxsize=32)
def point_weight_ahead(tile: Tile, axes: int) -> Kernel:
    """Pointers and words as of ``point_weight_kernel``; blocks are a strip and a panel wide, or
    wider."""
    size = tile.itemsize
    body = Body()
    g, x, dw = body.words("%args", 3, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=3), strict=True))
    table = body.op(f"alloca [{(MAX_ROWS + tile.rows) * ROW_BYTES} x i8], align 64")
    strips = body.op(f"alloca [{2 * _ROOM_STEP} x i8], align 64")
    panels = body.op(f"alloca [{2 * _ROOM_STEP} x i8], align 64")
    copies = body.op(f"alloca [{MAX_TILES * COPY_BYTES} x i8], align 64")
    script = body.op(f"alloca [{8 * MAX_SCRIPT} x i8], align 64")
    copying = Panel(tile, Finish(tile.dtype), levels=2, beside=True, copies=True)
    product = copying.replace(copies=False, fetches=True)
    nothing = body.op("alloca i64")
    body.store("i64", "0", nothing)
    width = strip_width(tile)
    with body.loop("%begin", "%end") as chunk:
        work = Chunk.of(body, tile, word, axes, (g, x, dw), chunk)
        filters, channels, counts = work.filters, work.channels, work.counts
        fill_table(body, tile, word, table, filters, shifted=True)
        blocks = [body.ceil_div(count, word[f"band{k}"]) for k, count in enumerate(counts)]
        bands = functools.reduce(body.mul, blocks)
        most = functools.reduce(body.mul, [word[f"band{axis}"] for axis in range(axes)])
        side = _Side("strips", strips, filters, word["strip"], tile.rows, width, "0")
        sides = [side]
        begun = side.vectors(body, tile)
        side = _Side("panels", panels, channels, word["panel"], tile.columns, tile.columns, begun)
        sides.append(side)
        high = body.ceil_div(filters, str(tile.rows))
        across = body.ceil_div(channels, str(tile.columns))
        tiles = body.mul(high, across)

        vectors = body.add(sides[1].begun, sides[1].vectors(body, tile))
        enough = body.less(vectors, body.add(tiles, "1"))
        enough = body.op(f"and i1 {enough}, {body.less(FEW_BANDS, bands)}")

        def band(number: str) -> _Band:
            rest, depth, g_place, x_place = number, "1", "0", "0"
            many: list[str] = []
            for axis in reversed(range(axes)):
                begun = body.mul(body.rem(rest, blocks[axis]), word[f"band{axis}"])
                rest = body.div(rest, blocks[axis])
                many.insert(0, body.min(word[f"band{axis}"], body.sub(counts[axis], begun)))
                depth = body.mul(depth, many[0])
                g_place = body.add(g_place, body.mul(begun, word[f"g_step{axis}"]))
                x_place = body.add(x_place, body.mul(begun, word[f"x_step{axis}"]))
            depth = body.select(body.less(number, bands), depth, "0")
            return _Band(body.at(work.g, g_place), body.at(work.x, x_place), many, depth)

        def pack(band: _Band, room: str) -> None:
            for each, source, letter in zip(sides, (band.g, band.x), "gx", strict=True):
                steps = [word[f"{letter}_step{axis}"] for axis in range(axes)]
                numbers = [("i64", n) for n in (each.many, each.pitch, *band.counts, *steps)]
                to = body.at(each.room, room)
                body.call(each.name, [("ptr", source), ("ptr", to), *numbers])

        def share_of(panel: str) -> str:
            """How many vectors are copied beside the panels before this one."""
            return body.div(body.mul(panel, vectors), across)

        def plan(band: _Band, room: str, after: _Band) -> None:
            """What each tile copies of ``band``; those that copy nothing ask for what the next
            panel's will, or (beside the last panel) the first one's of the band ``after`` it."""
            with body.loop("0", across) as panel, body.loop("0", high) as place:
                begun, end = share_of(panel), share_of(body.add(panel, "1"))
                idle = body.sub(place, body.sub(end, begun))
                copies_one = body.less(idle, "0")
                is_last = body.equal(body.add(panel, "1"), across)
                wanted = body.sub(share_of(body.add(panel, "2")), end)
                wanted = body.select(is_last, share_of("1"), wanted)
                # So many tiles ask for one's worth, each for a part.
                each = body.div(body.sub(high, body.sub(end, begun)), body.max(wanted, "1"))
                each = body.max(each, "1")
                asked = body.div(idle, each)
                rate = body.select(body.less(asked, wanted), body.div("65536", each), "0")
                number = body.add(body.select(is_last, "0", end), body.min(asked, wanted))
                number = body.select(copies_one, body.add(begun, place), number)
                part = body.div(body.mul(body.rem(idle, each), most), each)
                part = body.select(copies_one, "0", part)
                first = body.less(number, sides[1].begun)
                beyond = body.op(f"and i1 {is_last}, {body.less('-1', idle)}")
                g_from = body.select(beyond, after.g, band.g, "ptr")
                x_from = body.select(beyond, after.x, band.x, "ptr")
                source = body.select(first, g_from, x_from, "ptr")
                target = body.select(first, body.at(strips, room), body.at(panels, room), "ptr")
                past = body.select(first, "0", body.mul(sides[1].begun, str(AHEAD)))
                mine = body.add(body.add(body.mul(number, most), part), past)
                mine = body.at(script, body.mul(mine, "8"))
                many = body.select(first, sides[1].begun, body.sub(vectors, sides[1].begun))
                many = body.select(copies_one, body.mul(many, str(8 * AHEAD)), rate)
                record(body.add(body.mul(panel, high), place), source, target, mine, many)

        def record(number: str, source: str, target: str, script: str, last: str) -> None:
            here = body.at(copies, body.mul(number, str(COPY_BYTES)))
            for slot, value in enumerate((source, target, script)):
                body.store("ptr", value, body.at(here, str(8 * slot)))
            body.store("i64", last, body.at(here, "24"))

        with body.when(enough):
            _write_script(body, tile, word, sides, axes, script)
        pack(band("0"), "0")
        with body.loop("0", bands) as number:
            now, later = band(number), band(body.add(number, "1"))
            room = body.mul(body.rem(number, "2"), str(_ROOM_STEP))
            other = body.sub(str(_ROOM_STEP), room)
            same, whole = body.equal(now.depth, most), body.equal(later.depth, most)
            woven = body.op(f"and i1 {same}, {whole}")
            woven = body.op(f"and i1 {woven}, {enough}")
            with body.when(woven):
                plan(later, other, band(body.add(number, "2")))
            alone = body.op(f"xor i1 {woven}, true")
            with body.when(alone), body.loop("0", tiles) as each:
                record(each, nothing, nothing, nothing, "0")
            levels = [Level("1", "0"), Level(now.depth, str(width * size))]
            output = Output({"out": work.out}, {"out": str(size)}, "true")
            with body.loop("0", channels, str(tile.columns)) as column:
                panel = body.div(column, str(tile.columns))
                left = body.min(str(tile.columns), body.sub(channels, column))
                b = body.at(body.at(panels, room), body.mul(panel, word["panel"]))
                b = body.at(b, shift(body, tile, panel, tile.columns, channels, tile.columns))
                busy = body.sub(share_of(body.add(panel, "1")), share_of(panel))
                busy = body.select(woven, body.min(body.mul(busy, str(tile.rows)), filters), "0")
                begin = body.at(copies, body.mul(body.mul(panel, high), str(COPY_BYTES)))
                skipped = body.mul(body.div(busy, str(tile.rows)), str(COPY_BYTES))
                rest = body.at(table, body.mul(busy, str(ROW_BYTES)))
                for panels_, lines, count, records in (
                    (copying, table, busy, begin),
                    (product, rest, body.sub(filters, busy), body.at(begin, skipped)),
                ):
                    panels_.call(
                        body, lines, count, body.at(strips, room), b, levels,
                        str(tile.columns * size), output, column, left, body.equal(number, "0"),
                        "true", {"copies": records},
                    )  # fmt: skip
            with body.when(body.op(f"and i1 {alone}, {body.less('0', later.depth)}")):
                pack(later, other)
    functions = define_pack("strips", tile, tile.rows, width, axes, shifted=True)
    functions += define_pack("panels", tile, tile.columns, tile.columns, axes, shifted=True)
    functions += product.declare() + product.define() + copying.define()
    return kernel("point_weight", functions + entry(body))


def _write_script(
    body: Body, tile: Tile, word: dict[str, str], sides: list[_Side], axes: int, script: str
) -> None:
    """Words as ``tile.COPY_BYTES`` says for a whole band, and ``AHEAD`` positions more: g's, then
    x's, position by position."""
    positions = functools.reduce(body.mul, [word[f"band{axis}"] for axis in range(axes)])
    positions = body.add(positions, str(AHEAD))
    for side, letter in zip(sides, "gx", strict=True):
        vectors = side.vectors(body, tile)
        across = str(side.width // tile.lanes)
        first = body.mul(side.begun, positions)
        with body.loop("0", positions) as number:
            rest, place = number, "0"
            for axis in reversed(range(axes)):
                count = word[f"band{axis}"]
                index = body.rem(rest, count) if axis else rest
                rest = body.div(rest, count)
                place = body.add(place, body.mul(index, word[f"{letter}_step{axis}"]))
            with body.loop("0", vectors) as vector:
                strip = body.div(vector, across)
                inside = body.mul(body.rem(vector, across), str(tile.lanes))
                begun = body.mul(strip, str(side.step))
                begun = body.min(begun, body.sub(side.many, str(side.width)))
                source = body.mul(body.add(begun, inside), str(tile.itemsize))
                target = body.mul(
                    body.add(body.mul(number, str(side.width)), inside), str(tile.itemsize)
                )
                target = body.add(body.mul(strip, side.pitch), target)
                both = body.op(f"shl i64 {target}, 32")
                both = body.op(f"or i64 {both}, {body.add(place, source)}")
                entry = body.add(first, body.add(body.mul(number, vectors), vector))
                body.store("i64", both, body.at(script, body.mul(entry, "8")))
