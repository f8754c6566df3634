"""A chunk of Winograd's weight gradient once more, as sums of products of inputs and gradients.

For sums that are not finite: see ``winograd_direct.py``.
"""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.winograd_places import places

_TAPS = 9


def define_direct(
    tile: Tile, dtype: str, result: str, pointers: tuple[str, ...], words: tuple[str, ...]
) -> str:
    """``direct``: all filters and channels of a chunk; the sums wait where the points' were."""
    body = Body()
    at = places(body, pointers, words)
    word, kind, size = at.word, tile.vector, tile.itemsize
    width, narrow = tile.lanes * size, str(values.SIZES[dtype])
    edge = body.at("%room", word["edge_start"])
    sums = body.at("%room", word["m_start"])
    line = body.mul("%channels", str(_TAPS * size))  # of one filter's sums
    with body.loop("0", body.mul("%filters", line), "4") as zero:
        body.store("float", "0.0", body.at(sums, zero))
    with body.loop("%start", "%stop") as number:
        here = at.find(body, number)
        gradients = at.outputs(body, here, edge).out
        for place in range(4):
            row, column = divmod(place, 2)
            high = body.less(body.add(here.row, str(row)), word["out_height"])
            wide = body.less(body.add(here.column, str(column)), word["out_width"])
            with body.when(body.op(f"and i1 {high}, {wide}")):
                inputs = [
                    body.at(
                        at.input(body, here, row + tap // 3, column + tap % 3, edge),
                        body.mul("%channel", narrow),
                    )
                    for tap in range(_TAPS)
                ]
                source = body.at(gradients[place], body.mul("%filter", narrow))
                with body.loop("0", "%filters") as filter_:
                    one = values.load(body, dtype, body.at(source, body.mul(filter_, narrow)))
                    many = values.spread(body, tile.dtype, one, tile.lanes)
                    to = body.at(sums, body.mul(filter_, line))
                    with body.loop("0", "%channels", str(tile.lanes)) as channel:
                        offset = body.mul(channel, narrow)
                        spot = body.at(to, body.mul(channel, str(_TAPS * size)))
                        for tap, address in enumerate(inputs):
                            value = values.load(body, dtype, body.at(address, offset), tile.lanes)
                            sum_ = body.at(spot, str(tap * width))
                            old = body.load(kind, sum_, size)
                            product = body.op(f"fmul contract {kind} {many}, {value}")
                            new = body.op(f"fadd contract {kind} {old}, {product}")
                            body.store(kind, new, sum_, size)
    with (
        body.loop("0", "%filters") as filter_,
        body.loop("0", "%channels", str(tile.lanes)) as channel,
    ):
        spot = body.at(sums, body.mul(filter_, line))
        spot = body.at(spot, body.mul(channel, str(_TAPS * size)))
        taps = [body.load(kind, body.at(spot, str(tap * width)), size) for tap in range(_TAPS)]
        to = body.at("%to", body.mul(filter_, word["dw_filter"]))
        store_taps(body, tile, result, taps, body.at(to, body.mul(channel, word["dw_channel"])))
    parameters = [
        ("ptr", "args"), ("ptr", "room"), ("ptr", "to"), ("i64", "filters"), ("i64", "channels"),
        ("i64", "channel"), ("i64", "filter"), ("i64", "start"), ("i64", "stop"),
    ]  # fmt: skip
    return function("direct", parameters, body)


def store_taps(body: Body, tile: Tile, result: str, taps: list[str], to: str) -> None:
    """Nine vectors of channels, a tap each, to the weights of one filter: nine of each channel.

    Squares of four taps are turned in registers; the last tap goes number by number.
    """
    size, lanes = values.SIZES[result], tile.lanes
    square = min(4, lanes)
    for first in range(0, _TAPS - 1, square):
        rows = values.turned(body, tile.dtype, taps[first : first + square], lanes // square)
        for index, row in enumerate(rows):
            for channel in range(index, lanes, square):
                start = channel - index
                value = values.part(body, tile.dtype, row, lanes, start, square)
                place = body.at(to, str((channel * _TAPS + first) * size))
                values.store(body, result, value, place, square)
    for channel in range(lanes):
        value = values.part(body, tile.dtype, taps[-1], lanes, channel, 1)
        place = body.at(to, str((channel * _TAPS + _TAPS - 1) * size))
        values.store(body, result, value, place)
