"""A convolution's weights as panels: block of channels, taps' row, taps' column, channel."""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.operand import Operand, round_up
from rushlight.compiler.contraction.pack import pack, pieces
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.size import shown

_WORDS = ("filters", "channels", "rows", "columns", "block_channels", "panels", "panel_bytes",
          "w_group", "w_filter", "w_channel", "w_row", "w_column", "per_chunk",
          "count")  # fmt: skip
_CHUNK_BYTES = 256 * 1024


def panel_bytes(tile: Tile, channels: int, taps: int) -> int:
    return channels * taps * tile.columns * tile.itemsize


def pack_weights(w: Operand, tile: Tile, block_channels: int) -> tuple[Launch, Ref]:
    """Panels of ``w`` (groups, K / groups, C / groups, R, S), group after group."""
    groups, filters, channels, rows, columns = w.shape
    if rows * columns == 1 and tile.columns * tile.itemsize % 16 == 0:
        return _pack_point(w, tile)
    size = panel_bytes(tile, channels, rows * columns)
    panels = round_up(filters, tile.columns) // tile.columns
    target = Ref(Scratch(max(64, groups * panels * size)))
    per_chunk = max(1, _CHUNK_BYTES // max(1, size))
    count = groups * panels
    launch = Launch(
        _kernel(w.dtype, tile.columns),
        (w.ref, target),
        (
            filters,
            channels,
            rows,
            columns,
            block_channels,
            panels,
            size,
            *map(w.step, range(5)),
            per_chunk,
            count,
        ),
        chunks=-(-count // per_chunk),
        flops=0,
        bytes=2 * count * size,
        label=f"pack weights {shown(w.shape)} {w.dtype}",
        lasting=True,
    )
    return launch, target


def _pack_point(w: Operand, tile: Tile) -> tuple[Launch, Ref]:
    """One tap: blocks of channels follow each other as channels do, so these are a matrix's panels.

    Its packing turns squares in registers where channels are what lies together, and copies rows
    where filters are (a gradient's turned weights).
    """
    matrix = Operand(w.ref, w.dtype, (w.shape[2], w.shape[1]), (w.strides[2], w.strides[1]))
    batch = ((w.shape[0], w.step(0)), (1, 0), (1, 0))
    launch, panels = pack(matrix, batch, tile.columns, 32 // tile.itemsize)
    return launch.replace(label=f"pack weights {shown(w.shape)} {w.dtype}"), panels


@functools.lru_cache(maxsize=64)
def _kernel(source: str, width: int) -> Kernel:
    dtype = values.register_dtype(source)
    size = values.SIZES[dtype]
    body = Body()
    base, target = body.words("%args", 2, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=2), strict=True))
    taps = body.mul(word["rows"], word["columns"])
    stop = body.min(body.mul("%end", word["per_chunk"]), word["count"])
    with body.loop(body.mul("%begin", word["per_chunk"]), stop) as number:
        group, panel = body.div(number, word["panels"]), body.rem(number, word["panels"])
        first = body.mul(panel, str(width))
        left = body.min(str(width), body.sub(word["filters"], first))
        out = body.at(target, body.mul(number, word["panel_bytes"]))
        start = body.at(base, body.mul(group, word["w_group"]))
        start = body.at(start, body.mul(first, word["w_filter"]))
        with body.loop("0", word["channels"]) as channel:
            block = body.div(channel, word["block_channels"])
            begun = body.mul(block, word["block_channels"])
            in_block = body.min(word["block_channels"], body.sub(word["channels"], begun))
            depth0 = body.add(body.mul(begun, taps), body.sub(channel, begun))
            to = body.at(out, body.mul(depth0, str(width * size)))
            here = body.at(start, body.mul(channel, word["w_channel"]))
            step = body.mul(in_block, str(width * size))
            with body.loop("0", word["rows"]) as row, body.loop("0", word["columns"]) as column:
                place = body.at(here, body.mul(row, word["w_row"]))
                place = body.at(place, body.mul(column, word["w_column"]))
                tap = body.add(body.mul(row, word["columns"]), column)
                there = body.at(to, body.mul(tap, step))
                with body.either(body.equal(left, str(width))) as (yes, no):
                    with body.branch(yes):
                        _gather(body, source, place, there, width, word["w_filter"])
                    with body.branch(no):
                        with body.loop("0", left) as lane:
                            from_ = body.at(place, body.mul(lane, word["w_filter"]))
                            value = values.load(body, source, from_)
                            into = body.at(there, body.mul(lane, str(size)))
                            values.store(body, dtype, value, into)
                        with body.loop(left, str(width)) as lane:
                            into = body.at(there, body.mul(lane, str(size)))
                            values.store(body, dtype, "0.0", into)
    return kernel("pack_weights", entry(body))


def _gather(body: Body, source: str, place: str, there: str, width: int, step: str) -> None:
    """``width`` numbers ``step`` bytes apart to neighbours, in vectors of 128 bits."""
    dtype = values.register_dtype(source)
    size = values.SIZES[dtype]
    lanes = 16 // size
    for start, piece in pieces(width, lanes):
        text = values.kind(dtype, piece)
        if piece == 1:
            value = values.load(body, source, place)
            values.store(body, dtype, value, body.at(there, str(start * size)))
            continue
        vector = "poison"
        for lane in range(piece):
            value = values.load(body, source, place)
            vector = body.op(
                f"insertelement {text} {vector}, {values.kind(dtype)} {value}, i64 {lane}"
            )
            place = body.at(place, step)
        values.store(body, dtype, vector, body.at(there, str(start * size)), piece)
