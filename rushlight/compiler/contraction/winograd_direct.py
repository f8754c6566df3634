"""A block of a Winograd kernel once more, as sums of products of inputs and weights.

For blocks with results that are not finite: differences of infinities are nan, where the sums
themselves may be infinite, or have nothing to do with the infinity next to them.
"""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.compiler.contraction.finish import Finish
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.winograd_places import finished, places, vectors

_TAPS = 9


def define(tile: Tile, finish: Finish, pointers: tuple[str, ...], words: tuple[str, ...]) -> str:
    """``direct``: blocks ``first ..`` (``count`` of them), all filters."""
    body = Body()
    at = places(body, pointers, words)
    word, kind = at.word, tile.vector
    edge = body.at("%room", word["edge_start"])
    skips = body.op(f"icmp ne i64 {word['skips']}, 0")
    vector_bytes = tile.lanes * tile.itemsize
    spot = body.op(f"alloca [{4 * vector_bytes} x i8], align 64")
    sums = [body.at(spot, str(number * vector_bytes)) for number in range(4)]
    with vectors(body, tile, word["filters"]) as filter_:
        # One vector of filters' weights, channel by channel, where the inputs' points were.
        source = body.at(at.pointer["w"], body.mul(filter_, word["w_filter"]))
        with body.loop("0", word["channels"]) as channel:
            near = body.at(source, body.mul(channel, word["w_channel"]))
            line = body.at("%room", body.mul(channel, str(_TAPS * vector_bytes)))
            for tap in range(_TAPS):
                place = body.at(near, body.mul(word["w_row"], str(tap // 3)))
                place = body.at(place, body.mul(word["w_column"], str(tap % 3)))
                with body.loop("0", str(tile.lanes)) as lane:
                    near_one = body.at(place, body.mul(lane, word["w_filter"]))
                    one = values.load(body, finish.out, near_one)
                    to = body.at(line, str(tap * vector_bytes))
                    body.store("float", one, body.at(to, body.mul(lane, "4")))
        with body.loop("0", "%count") as number:
            here = at.find(body, body.add("%first", number))
            for place in sums:
                body.store(kind, "zeroinitializer", place, tile.itemsize)
            for result in range(4):
                for tap in range(_TAPS):
                    row, column = result // 2 + tap // 3, result % 2 + tap % 3
                    there, _, _ = at.inside(body, here, row, column)
                    inputs = at.input(body, here, row, column, edge)
                    wanted = body.op(f"select i1 {skips}, i1 {there}, i1 true")
                    weights = body.at("%room", str(tap * vector_bytes))
                    with body.when(wanted):
                        _sum(body, tile, word["channels"], inputs, weights, sums[result])
            results = [body.load(kind, place, tile.itemsize) for place in sums]
            targets = at.outputs(body, here, body.at(edge, word["edge"]))
            finished(body, tile, finish, at, targets, filter_, results)
    parameters = [("ptr", "args"), ("ptr", "room"), ("i64", "first"), ("i64", "count")]
    return _term(tile, finish.out) + function("direct", parameters, body)


def _sum(body: Body, tile: Tile, channels: str, inputs: str, weights: str, to: str) -> None:
    given = [("ptr", inputs), ("ptr", weights), ("ptr", to), ("i64", channels)]
    body.call("direct_term", given)


def _term(tile: Tile, dtype: str) -> str:
    """``direct_term``: one tap of one result, added over the channels."""
    body = Body()
    kind = tile.vector
    with body.loop("0", "%channels") as channel:
        offset = body.mul(channel, str(values.SIZES[dtype]))
        one = values.load(body, dtype, body.at("%inputs", offset))
        many = values.spread(body, tile.dtype, one, tile.lanes)
        step = str(_TAPS * tile.lanes * tile.itemsize)
        weight = body.load(kind, body.at("%weights", body.mul(channel, step)), tile.itemsize)
        old = body.load(kind, "%to", tile.itemsize)
        product = body.op(f"fmul contract {kind} {many}, {weight}")
        body.store(kind, body.op(f"fadd contract {kind} {old}, {product}"), "%to", tile.itemsize)
    parameters = [("ptr", "inputs"), ("ptr", "weights"), ("ptr", "to"), ("i64", "channels")]
    return function("direct_term", parameters, body)
