"""A convolution's 3 x 3 weights as Winograd's algorithm wants them: 16 points, each in panels.

Point (i, j) of a filter's channel is ``(G w G')[i, j]`` with ``G`` the rows ``w0``,
``(w0 + w1 + w2) / 2``, ``(w0 - w1 + w2) / 2`` and ``w2``. Each point is a matrix of its own,
channels by filters, in panels as wide as the register tile.
"""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.operand import Operand, round_up
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.size import shown

POINTS = 16
_WORDS = (
    "filters", "channels", "panels", "point_bytes", "w_filter", "w_channel", "w_row", "w_column",
    "per_chunk", "count",
)  # fmt: skip
_CHUNK_BYTES = 256 * 1024
# Channels whose weights are asked for before their turn: each filter's are far from the next one's.
_AHEAD = "4"


def point_bytes(tile: Tile, channels: int, filters: int) -> int:
    """Bytes of one point's matrix, and a few more, so that points fall on different cache sets."""
    return round_up(filters, tile.columns) * channels * tile.itemsize + 320


def winograd_weights(w: Operand, tile: Tile) -> tuple[Launch, Ref]:
    """The points of ``w`` (1, K, C, 3, 3), any strides."""
    _, filters, channels, _, _ = w.shape
    size = point_bytes(tile, channels, filters)
    panels = round_up(filters, tile.columns) // tile.columns
    target = Ref(Scratch(POINTS * size))
    count = panels * channels
    per_chunk = max(1, _CHUNK_BYTES // (POINTS * tile.columns * tile.itemsize))
    launch = Launch(
        _kernel(tile, w.dtype),
        (w.ref, target),
        (
            filters,
            channels,
            panels,
            size,
            *(w.step(axis) for axis in range(1, 5)),
            per_chunk,
            count,
        ),
        chunks=-(-count // per_chunk),
        flops=0,
        bytes=(9 * w.itemsize + POINTS * tile.itemsize) * filters * channels,
        label=f"winograd weights {shown(w.shape[1:])} {w.dtype}",
        lasting=True,
    )
    return launch, target


@functools.lru_cache(maxsize=16)
def _kernel(tile: Tile, dtype: str) -> Kernel:
    body = Body()
    base, target = body.words("%args", 2, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=2), strict=True))
    stop = body.min(body.mul("%end", word["per_chunk"]), word["count"])
    vector_bytes = tile.lanes * tile.itemsize
    with body.loop(body.mul("%begin", word["per_chunk"]), stop) as number:
        panel, channel = body.div(number, word["channels"]), body.rem(number, word["channels"])
        source = body.at(base, body.mul(channel, word["w_channel"]))
        place = body.at(target, body.mul(number, str(tile.columns * tile.itemsize)))
        first = body.mul(panel, str(tile.columns))
        for vector in range(tile.vectors):
            filter_ = body.add(first, str(vector * tile.lanes))
            addresses = []
            for lane in range(tile.lanes):
                # What is beyond the last filter is never read as a result.
                one = body.min(body.add(filter_, str(lane)), body.sub(word["filters"], "1"))
                addresses.append(body.at(source, body.mul(one, word["w_filter"])))
                body.prefetch(body.at(addresses[-1], body.mul(word["w_channel"], _AHEAD)))
            taps = [
                [_gather(body, tile, dtype, addresses, word, row, column) for column in range(3)]
                for row in range(3)
            ]
            columns = [_points(body, tile, [taps[row][c] for row in range(3)]) for c in range(3)]
            for row in range(4):
                for column, value in enumerate(
                    _points(body, tile, [columns[c][row] for c in range(3)])
                ):
                    point = body.mul(word["point_bytes"], str(4 * row + column))
                    to = body.at(body.at(place, point), str(vector * vector_bytes))
                    body.store(tile.vector, value, to, tile.itemsize)
    return kernel("winograd_weights", entry(body))


def _gather(
    body: Body, tile: Tile, dtype: str, addresses: list[str], word: dict[str, str],
    row: int, column: int,
) -> str:  # fmt: skip
    """One tap of a vector of filters."""
    offset = body.mul(word["w_row"], str(row))
    offset = body.add(offset, body.mul(word["w_column"], str(column)))
    vector = "poison"
    for lane, address in enumerate(addresses):
        value = values.load(body, dtype, body.at(address, offset))
        vector = body.op(f"insertelement {tile.vector} {vector}, float {value}, i64 {lane}")
    return vector


def _points(body: Body, tile: Tile, taps: list[str]) -> list[str]:
    """``G`` times three taps."""
    kind = tile.vector
    half = "<" + ", ".join(["float 0.5"] * tile.lanes) + ">"
    first, middle, last = taps
    outer = body.op(f"fadd {kind} {first}, {last}")
    plus = body.op(f"fadd {kind} {outer}, {middle}")
    minus = body.op(f"fsub {kind} {outer}, {middle}")
    return [
        first,
        body.op(f"fmul {kind} {plus}, {half}"),
        body.op(f"fmul {kind} {minus}, {half}"),
        last,
    ]
