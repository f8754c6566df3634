"""A chunk of Winograd's weight gradient once more, as sums of products of inputs and gradients.

For sums that are not finite: see ``winograd_direct.py``.
"""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.winograd_places import places

_TAPS = 9


def define_direct(tile: Tile, pointers: tuple[str, ...], words: tuple[str, ...]) -> str:
    """``direct``: all filters and channels of a chunk; the sums wait where the points' were."""
    body = Body()
    at = places(body, pointers, words)
    word, kind, size = at.word, tile.vector, tile.itemsize
    width = tile.lanes * size
    edge = body.at("%room", word["edge_start"])
    sums = body.at("%room", word["m_start"])
    line = body.mul("%channels", str(_TAPS * size))  # of one filter's sums
    with body.loop("0", body.mul("%filters", line), "4") as zero:
        body.store("float", "0.0", body.at(sums, zero))
    with body.loop("%start", "%stop") as number:
        here = at.find(body, number)
        gradients = at.outputs(body, here, edge).out
        for result in range(4):
            row, column = divmod(result, 2)
            high = body.less(body.add(here.row, str(row)), word["out_height"])
            wide = body.less(body.add(here.column, str(column)), word["out_width"])
            with body.when(body.op(f"and i1 {high}, {wide}")):
                inputs = [
                    body.at(
                        at.input(body, here, row + tap // 3, column + tap % 3, edge),
                        body.mul("%channel", str(size)),
                    )
                    for tap in range(_TAPS)
                ]
                source = body.at(gradients[result], body.mul("%filter", str(size)))
                with body.loop("0", "%filters") as filter_:
                    one = body.load("float", body.at(source, body.mul(filter_, str(size))))
                    many = values.spread(body, tile.dtype, one, tile.lanes)
                    to = body.at(sums, body.mul(filter_, line))
                    with body.loop("0", "%channels", str(tile.lanes)) as channel:
                        offset = body.mul(channel, str(size))
                        spot = body.at(to, body.mul(channel, str(_TAPS * size)))
                        for tap, address in enumerate(inputs):
                            value = body.load(kind, body.at(address, offset), size)
                            place = body.at(spot, str(tap * width))
                            old = body.load(kind, place, size)
                            product = body.op(f"fmul contract {kind} {many}, {value}")
                            new = body.op(f"fadd contract {kind} {old}, {product}")
                            body.store(kind, new, place, size)
    with (
        body.loop("0", "%filters") as filter_,
        body.loop("0", "%channels", str(tile.lanes)) as channel,
    ):
        spot = body.at(sums, body.mul(filter_, line))
        spot = body.at(spot, body.mul(channel, str(_TAPS * size)))
        to = body.at("%to", body.mul(filter_, word["dw_filter"]))
        to = body.at(to, body.mul(channel, word["dw_channel"]))
        body.call("scatter", [("ptr", "%args"), ("ptr", spot), ("ptr", to)])
    parameters = [
        ("ptr", "args"), ("ptr", "room"), ("ptr", "to"), ("i64", "filters"), ("i64", "channels"),
        ("i64", "channel"), ("i64", "filter"), ("i64", "start"), ("i64", "stop"),
    ]  # fmt: skip
    return function("direct", parameters, body)


def define_scatter(tile: Tile, pointers: tuple[str, ...], words: tuple[str, ...]) -> str:
    """``scatter``: nine vectors of channels, a tap each, to the weights of one filter."""
    body = Body()
    word = places(body, pointers, words).word
    size = tile.itemsize
    with body.loop("0", str(tile.lanes)) as lane:
        source = body.at("%taps", body.mul(lane, str(size)))
        to = body.at("%to", body.mul(lane, word["dw_channel"]))
        for tap in range(_TAPS):
            value = body.load("float", body.at(source, str(tap * tile.lanes * size)))
            place = body.at(to, body.mul(word["dw_row"], str(tap // 3)))
            body.store("float", value, body.at(place, body.mul(word["dw_column"], str(tap % 3))))
    return function("scatter", [("ptr", "args"), ("ptr", "taps"), ("ptr", "to")], body)
