"""Input gradients with few channels: all that the steps of a row meet is summed at once.

Inputs a stride apart meet the same taps; those between them, the other *phases*, meet other taps of
the same gradients. Here lanes are gradients of a row, and a tile holds the sums of every channel
and every phase of a row: gradients are turned into planes once, each of their vectors is loaded
once for all the taps that meet it, and results leave as whole vectors, phases woven together.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction import planar_slab, slab, values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, column_parameters, finished_channels
from rushlight.compiler.contraction.tile import Level, Tile, nested
from rushlight.compiler.launch import Kernel

# What is on the stack: places of a band's runs, and the planes.
MAX_RUNS = 512
SLAB_BYTES = 384 * 1024
# A run's words: offsets of its gradients and of its results, first and last tap along the rows
# that meet gradients, and how many of its results there are.
_RUN_BYTES = 40

WORDS = (
    "height", "width", "channels", "taps_row", "stride_row", "low_row", "lowest_row", "left",
    "g_height", "g_width", "g_image", "g_row", "g_column", "g_channel",
    "down", "across", "band_rows", "bands", "slab_rows", "slab_columns", "slab_channel", "slab_row",
    "b_row", "out_image", "out_row", "out_channel", "bias_step",
    "skips",
)  # fmt: skip


class Phased(Record):
    """What is in the kernel's text.

    ``tile``: channels x phases, channel by channel, x runs. ``taps``: for each tap along a row its
    phase, and how many columns after the first of a run's gradients it meets them. ``asks``: so
    many lines of the next band's gradients are asked for with each step of a sum.
    """

    tile: Tile
    phases: int
    taps: tuple[tuple[int, int], ...]
    finish: Finish
    g_dtype: str
    asks: int = 0

    @property
    def filters(self) -> int:
        return self.tile.rows // self.phases


@functools.lru_cache(maxsize=64)
def phased_kernel(spec: Phased) -> Kernel:
    """Pointers: g, packed weights, dx, then a bias if there is one. Words: ``WORDS``.

    Weights lie as rows of taps, those of a phase together, channels of g, taps, channels of dx.
    """
    tile, body = spec.tile, Body()
    g, b, out, *others = body.words("%args", 3 + len(spec.finish.pointers), kind="ptr")
    first = 3 + len(others)
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=first), strict=True))
    runs = body.op(f"alloca [{(MAX_RUNS + tile.vectors) * _RUN_BYTES} x i8], align 64")
    room = body.op(f"alloca [{SLAB_BYTES} x i8], align 64")
    asked = body.op("alloca ptr")
    copier = slab.Copier(spec.g_dtype, tile.lanes)
    with body.loop("%begin", "%end") as chunk:
        image = body.div(chunk, word["bands"])
        band = body.mul(body.rem(chunk, word["bands"]), word["band_rows"])
        picture = slab.Image(
            body.at(g, body.mul(image, word["g_image"])), word["g_height"], word["g_width"],
            word["g_image"], word["g_row"], word["g_column"], word["g_channel"],
        )  # fmt: skip
        into = planar_slab.Planes(
            room, word["slab_rows"], word["slab_columns"], word["channels"],
            "0", word["slab_channel"], word["slab_row"],
        )  # fmt: skip
        top = body.add(band, word["lowest_row"])
        planar_slab.fill(body, picture, into, "1", top, word["left"])
        target = body.at(out, body.mul(image, word["out_image"]))
        below = body.min(body.add(top, word["slab_rows"]), word["g_height"])
        ask = body.at(picture.base, body.mul(below, word["g_row"]))
        body.store("ptr", ask, asked)
        ask_end = body.at(ask, body.mul(word["band_rows"], word["g_row"]))
        with body.loop("0", body.min(word["stride_row"], word["height"])) as phase:
            # Row i of this phase meets its tap k at gradients of row i + reach - k.
            start = body.add(phase, word["low_row"])
            tap = body.rem(start, word["stride_row"])
            reach = body.div(start, word["stride_row"])
            left = body.sub(word["taps_row"], tap)
            taps = body.div(
                body.max(body.add(left, body.sub(word["stride_row"], "1")), "0"),
                word["stride_row"],
            )
            rows = body.ceil_div(body.sub(word["height"], phase), word["stride_row"])
            rows = body.min(body.sub(rows, band), word["band_rows"])
            count = _fill_runs(body, spec, word, runs, band, rows, phase, reach, taps)
            above = body.mul(body.sub(reach, word["lowest_row"]), word["slab_row"])
            given = [
                ("ptr", runs), ("i64", count), ("ptr", body.at(room, above)),
                ("ptr", body.at(b, body.mul(tap, word["b_row"]))),
                ("i64", body.mul(word["stride_row"], word["b_row"])), ("i64", word["b_row"]),
                ("i64", word["channels"]), ("i64", word["slab_channel"]),
                ("i64", body.sub("0", word["slab_row"])),
                ("ptr", target), ("i64", word["out_channel"]),
            ]  # fmt: skip
            given += [("ptr", asked), ("ptr", ask_end)] if spec.asks else []
            if others:
                given += [("ptr", other) for other in others]
                given.append(("i64", word["bias_step"]))
            body.call("tiles", given)
    return kernel("phased", _define_tiles(spec) + planar_slab.define(copier) + entry(body))


def _fill_runs(
    body: Body, spec: Phased, word: dict[str, str], runs: str,
    band: str, rows: str, phase: str, reach: str, taps: str,
) -> str:  # fmt: skip
    """The runs of one phase of the band's rows; returns how many there are."""
    tile = spec.tile
    lanes, size = str(tile.lanes), str(tile.itemsize)
    per_row = body.ceil_div(word["across"], lanes)
    skips = body.op(f"icmp ne i64 {word['skips']}, 0")
    with body.loop("0", rows) as row:
        place = body.add(band, row)
        last = body.add(place, reach)  # of gradients, met by tap 0
        low = body.max(body.add(body.sub(last, word["g_height"]), "1"), "0")
        low = body.select(skips, low, "0")
        high = body.select(skips, body.min(taps, body.add(last, "1")), taps)
        inputs = body.mul(row, word["slab_row"])
        line = body.add(body.mul(place, word["stride_row"]), phase)
        results = body.mul(line, word["out_row"])
        begin = body.mul(row, per_row)
        with body.loop("0", per_row) as number:
            column = body.mul(number, lanes)
            column = body.min(column, body.sub(word["across"], lanes))
            here = body.at(runs, body.mul(body.add(begin, number), str(_RUN_BYTES)))
            first = body.mul(column, str(spec.phases))
            valid = body.sub(word["width"], first)
            words = (
                body.add(inputs, body.mul(column, size)),
                body.add(results, body.mul(first, size)),
                low,
                high,
                body.min(valid, str(tile.lanes * spec.phases)),
            )
            for offset, value in enumerate(words):
                body.store("i64", value, body.at(here, str(8 * offset)))
    count = body.mul(rows, per_row)
    # What is missing of the last tile is its last run over again.
    last = body.at(runs, body.mul(body.sub(count, "1"), str(_RUN_BYTES)))
    with body.loop(count, body.add(count, str(tile.vectors - 1))) as extra:
        here = body.at(runs, body.mul(extra, str(_RUN_BYTES)))
        for offset in range(0, _RUN_BYTES, 8):
            body.store(
                "i64", body.load("i64", body.at(last, str(offset))), body.at(here, str(offset))
            )
    return count


def _define_tiles(spec: Phased) -> str:
    """``tiles``: all runs of a phase of rows, a tile after another."""
    tile, body = spec.tile, Body()
    parameters = [
        ("ptr", "runs"), ("i64", "count"), ("ptr", "origin"), ("ptr", "weights"),
        ("i64", "b_tap"), ("i64", "b_row"), ("i64", "channels"), ("i64", "channel_step"),
        ("i64", "row_step"), ("ptr", "out"), ("i64", "out_channel"),
    ]  # fmt: skip
    parameters += [("ptr", "asked"), ("ptr", "ask_end")] if spec.asks else []
    parameters += column_parameters(spec.finish)
    skip = body.sub("%b_tap", "%b_row")
    ask = body.op("alloca ptr")
    woven = spec.phases * tile.lanes * tile.itemsize
    buffer = body.op(f"alloca [{woven} x i8], align 64")
    with body.loop("0", "%count", str(tile.vectors)) as run:
        line = body.at("%runs", body.mul(run, str(_RUN_BYTES)))
        places = [body.at(line, str(_RUN_BYTES * number)) for number in range(tile.vectors)]
        inputs, targets, lows, highs, valid = (
            [body.load("i64", body.at(place, str(8 * index))) for place in places]
            for index in range(5)
        )
        low, high = functools.reduce(body.min, lows), functools.reduce(body.max, highs)
        origin = body.at("%origin", body.mul(low, "%row_step"))
        bases = [body.at(origin, offset) for offset in inputs]
        levels = [
            Level(body.sub(high, low), "%row_step", skip),
            Level("%channels", "%channel_step"),
        ]
        weights = body.at("%weights", body.mul(low, "%b_tap"))
        step = str(len(spec.taps) * spec.filters * tile.itemsize)

        def term(offset: str, b: str, sums: list[str]) -> list[str]:
            _ask(body, spec.asks, ask)
            return _term(body, spec, [body.at(base, offset) for base in bases], b, sums)

        if spec.asks:
            before = body.load("ptr", "%asked")
            more = body.op(f"icmp ult ptr {before}, %ask_end")
            # Lines that are at hand when all have been asked for.
            body.store("ptr", body.select(more, before, "%origin", "ptr"), ask)
        sums = nested(body, tile, weights, levels, step, term)
        if spec.asks:
            after = body.load("ptr", ask)
            body.store("ptr", body.select(more, after, before, "ptr"), "%asked")
        sums = _finished(body, spec, sums)
        for number in range(tile.vectors):
            target = body.at("%out", targets[number])
            _store(body, spec, sums[number :: tile.vectors], target, valid[number], buffer)
    return function("tiles", parameters, body)


def _ask(body: Body, lines: int, place: str) -> None:
    """``lines`` lines from the address at ``place`` on, which moves past them."""
    for _ in range(lines):
        here = body.load("ptr", place)
        body.prefetch(here)
        body.store("ptr", body.at(here, "64"), place)


def _term(body: Body, spec: Phased, inputs: list[str], b: str, sums: list[str]) -> list[str]:
    """One channel of gradients of one row: every sum plus the products of its phase's taps."""
    tile, size, new = spec.tile, spec.tile.itemsize, list(sums)
    for column in sorted({column for _, column in spec.taps}):
        vectors = [
            values.load(body, tile.dtype, body.at(base, str(column * size)), tile.lanes)
            for base in inputs
        ]
        for number, (phase, meets) in enumerate(spec.taps):
            if meets != column:
                continue
            for channel in range(spec.filters):
                place = str((number * spec.filters + channel) * size)
                one = values.load(body, tile.dtype, body.at(b, place))
                many = values.spread(body, tile.dtype, one, tile.lanes)
                start = (channel * spec.phases + phase) * tile.vectors
                for index, vector in enumerate(vectors, start):
                    product = body.op(f"fmul contract {tile.vector} {many}, {vector}")
                    new[index] = body.op(f"fadd contract {tile.vector} {new[index]}, {product}")
    return new


def _finished(body: Body, spec: Phased, sums: list[str]) -> list[str]:
    numbers = [str(channel) for channel in range(spec.filters)]
    return finished_channels(body, spec.tile, spec.finish, sums, numbers)


def _store(body: Body, spec: Phased, rows: list[str], target: str, valid: str, buffer: str) -> None:
    """One run of all channels, phases woven; ``valid`` results of each are there."""
    tile, dtype = spec.tile, spec.finish.out
    whole = body.equal(valid, str(tile.lanes * spec.phases)) if spec.phases > 1 else "true"
    for channel in range(spec.filters):
        place = body.at(target, body.mul(str(channel), "%out_channel"))
        mine = rows[channel * spec.phases : (channel + 1) * spec.phases]
        # A row's last steps may have no input in the last phases: those are left out of a copy.
        to = body.select(whole, place, buffer, "ptr")
        for number, value in enumerate(_woven(body, tile, mine)):
            here = body.at(to, str(number * tile.lanes * tile.itemsize))
            values.store(body, dtype, value, here, tile.lanes)
        if spec.phases > 1:
            with body.when(body.op(f"xor i1 {whole}, true")):
                body.call("copy", [("ptr", buffer), ("ptr", place), ("i64", valid)])


def _woven(body: Body, tile: Tile, rows: list[str]) -> list[str]:
    """The first lane of each row, then the second of each, ...: as many vectors as rows."""
    if len(rows) == 1:
        return rows
    woven = values.interleaved(body, tile.dtype, rows, tile.lanes)
    return [
        values.part(body, tile.dtype, woven, tile.lanes * len(rows), first, tile.lanes)
        for first in range(0, tile.lanes * len(rows), tile.lanes)
    ]
