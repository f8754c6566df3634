"""Panels: a (K, N) operand rewritten as strips of a tile's width, one depth after another.

A panel's row holds the ``width`` neighbours that one step of the register tile loads; the last
panel is filled up with zeros. Any strides; f16 and bf16 become f32 on the way.

Memory is read as it lies, which is what fetches it in time: where columns are neighbours, some rows
at a time through all panels (a chunk is a stretch of depth); where the depth is, panel by panel
(a chunk is a group of panels). The lines after those are asked for meanwhile.
"""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.operand import Operand, round_up
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.size import quantity, shown

# A quarter of this is what a chunk should at least move, or waking a thread costs more.
_CHUNK_BYTES = 256 * 1024
_WORDS = ("depth", "columns", "step_k", "step_n", "panels", "group", "groups", "deep", "deeps",
          "batch1", "batch2", "step0", "step1", "step2")  # fmt: skip
# Rows that go through all panels together: of four, or sixteen, memory gives a fifth less.
_ROWS = 8


def panels_bytes(depth: int, columns: int, width: int, itemsize: int) -> int:
    return depth * round_up(columns, width) * itemsize


def pack(
    source: Operand, batch: tuple[tuple[int, int], ...], width: int, lanes: int
) -> tuple[Launch, Ref]:
    """Panels of ``source`` (K, N), for each of ``batch``: three (count, step in bytes)."""
    depth, columns = source.shape
    dtype = values.register_dtype(source.dtype)
    size = panels_bytes(depth, columns, width, values.SIZES[dtype])
    (count0, step0), (count1, step1), (count2, step2) = batch
    target = Ref(Scratch(max(64, size * count0 * count1 * count2)))
    panels = -(-columns // width)
    itemsize = values.SIZES[dtype]
    group, deep = panels, depth
    if source.step(1) == source.itemsize:
        deep = _share(depth, panels * width * itemsize, _ROWS)
    else:
        group = _share(panels, depth * width * itemsize, 1)
    groups, deeps = -(-panels // max(1, group)), -(-depth // max(1, deep))
    numbers = (
        depth, columns, source.step(0), source.step(1), panels, group, groups, deep, deeps,
        count1, count2, step0, step1, step2,
    )  # fmt: skip
    launch = Launch(
        _kernel(source.dtype, width, lanes),
        (source.ref, target),
        numbers,
        chunks=groups * deeps * count0 * count1 * count2,
        flops=0,
        bytes=2 * size * count0 * count1 * count2,
        label=f"pack {shown(depth)}x{shown(columns)} {source.dtype}",
        lasting=True,
    )
    return launch, target


@quantity
def _share(count: int, each: int, step: int) -> int:
    """How many of ``count`` things of ``each`` bytes are a chunk's: a multiple of ``step``."""
    return min(count, round_up(max(1, _CHUNK_BYTES // max(1, each)), step))


def pieces(width: int, lanes: int) -> list[tuple[int, int]]:
    """Cut ``width`` neighbours into vectors of at most ``lanes``: (place, how many).

    >>> pieces(6, 8)
    [(0, 4), (4, 2)]
    """
    cut, place = [], 0
    while place < width:
        piece = min(lanes, 1 << (width - place).bit_length() - 1)
        cut.append((place, piece))
        place += piece
    return cut


def matrix_start(body: Body, word: dict[str, str], base: str, matrix: str) -> str:
    """The address of matrix number ``matrix`` of the batch, by a kernel's words for its axes."""
    rest, index2 = body.split(matrix, word["batch2"])
    index0, index1 = body.split(rest, word["batch1"])
    here = base
    for index, step in ((index0, "step0"), (index1, "step1"), (index2, "step2")):
        here = body.at(here, body.mul(index, word[step]))
    return here


@functools.lru_cache(maxsize=64)
def _kernel(source: str, width: int, lanes: int) -> Kernel:
    dtype = values.register_dtype(source)
    itemsize, source_size = values.SIZES[dtype], values.SIZES[source]
    body = Body()
    base, target = body.words("%args", 2, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=2), strict=True))
    panel_bytes = body.mul(word["depth"], str(width * itemsize))
    with body.loop("%begin", "%end") as chunk:
        rest, stretch = body.split(chunk, word["deeps"])
        matrix, group = body.split(rest, word["groups"])
        here = matrix_start(body, word, base, matrix)
        there = body.at(target, body.mul(body.mul(matrix, word["panels"]), panel_bytes))
        begun = body.mul(stretch, word["deep"])
        deep = body.min(word["deep"], body.sub(word["depth"], begun))
        here = body.at(here, body.mul(begun, word["step_k"]))
        there = body.at(there, body.mul(begun, str(width * itemsize)))
        first = body.mul(group, word["group"])
        stop = body.min(body.add(first, word["group"]), word["panels"])
        # Panels whose columns all are there and lie together.
        neighbours = body.equal(word["step_n"], str(source_size))
        full = body.min(stop, body.div(word["columns"], str(width)))
        full = body.select(neighbours, body.max(first, full), first)
        where = [("ptr", here), ("ptr", there), ("i64", panel_bytes), ("i64", deep)]
        steps = [("i64", word["step_k"]), ("i64", word["step_n"])]
        body.call("rows", [*where, ("i64", first), ("i64", full), steps[0]])
        with body.loop(full, stop) as panel:
            column = body.mul(panel, str(width))
            left = body.min(body.sub(word["columns"], column), str(width))
            begin = body.at(here, body.mul(column, word["step_n"]))
            out = body.at(there, body.mul(panel, panel_bytes))
            body.call(
                "strided", [("ptr", begin), ("ptr", out), ("i64", left), ("i64", deep), *steps]
            )
    functions = _define_rows(source, width, lanes) + _define_strided(source, width, lanes)
    return kernel("pack", functions + entry(body))


def _define_rows(source: str, width: int, lanes: int) -> str:
    """``rows``: panels ``first .. stop`` whose columns are neighbours, ``deep`` rows of them."""
    dtype = values.register_dtype(source)
    itemsize, source_size = values.SIZES[dtype], values.SIZES[source]
    body = Body()
    together = body.mul(body.div("%deep", str(_ROWS)), str(_ROWS))
    for start, stop, many in (("0", together, _ROWS), (together, "%deep", 1)):
        with body.loop(start, stop, str(many)) as k, body.loop("%first", "%stop") as panel:
            row = body.at("%here", body.mul(k, "%step_k"))
            row = body.at(row, body.mul(panel, str(width * source_size)))
            to = body.at("%there", body.mul(panel, "%panel_bytes"))
            to = body.at(to, body.mul(k, str(width * itemsize)))
            ahead = body.at(row, body.mul("%step_k", str(_ROWS)))
            for _ in range(many):
                body.prefetch(ahead)
                for place, piece in pieces(width, lanes):
                    address = body.at(row, str(place * source_size))
                    value = values.load(body, source, address, piece)
                    values.store(body, dtype, value, body.at(to, str(place * itemsize)), piece)
                row, ahead = body.at(row, "%step_k"), body.at(ahead, "%step_k")
                to = body.at(to, str(width * itemsize))
    parameters = [("ptr", "here"), ("ptr", "there"), ("i64", "panel_bytes"), ("i64", "deep")]
    parameters += [("i64", "first"), ("i64", "stop"), ("i64", "step_k")]
    return function("rows", parameters, body)


def _define_strided(source: str, width: int, lanes: int) -> str:
    """``strided``: one panel whose columns do not lie together, or are not all there."""
    dtype = values.register_dtype(source)
    itemsize, source_size = values.SIZES[dtype], values.SIZES[source]
    block = 16 // itemsize
    body = Body()
    # Square blocks are turned in registers where the depth lies together: as many columns at a
    # time as fill a vector, because columns a power of two apart share few places in the first
    # cache, and all of a line of each, which may not be there any more the next time.
    done = "0"
    if width % block == 0:
        across = lanes if width % lanes == 0 else block
        along = body.equal("%step_k", str(source_size))
        full = body.equal("%left", str(width))
        some = body.select(body.op(f"and i1 {along}, {full}"), "%depth", "0")
        for many in (4 * block, block):
            stop = body.mul(body.div(some, str(many)), str(many))
            with (
                body.loop(done, stop, str(many)) as k,
                body.loop("0", str(width), str(across)) as column,
            ):
                here = body.at("%begin", body.mul(column, "%step_n"))
                columns = [body.at(here, body.mul(k, "%step_k"))]
                while len(columns) < across:
                    columns.append(body.at(columns[-1], "%step_n"))
                there = body.at("%out", body.mul(k, str(width * itemsize)))
                there = body.at(there, body.mul(column, str(itemsize)))
                for each in columns:
                    body.prefetch(body.at(each, body.mul("%step_n", str(width))))
                for depth in range(0, many, block):
                    turned = _turn(body, source, columns, block, depth)
                    for index, value in enumerate(turned, depth):
                        place = body.at(there, str(index * width * itemsize))
                        values.store(body, dtype, value, place, across)
            done = stop
    with body.loop(done, "%depth") as k:
        row = body.at("%begin", body.mul(k, "%step_k"))
        to = body.at("%out", body.mul(k, str(width * itemsize)))
        with body.loop("0", "%left") as column:
            value = values.load(body, source, body.at(row, body.mul(column, "%step_n")))
            values.store(body, dtype, value, body.at(to, body.mul(column, str(itemsize))))
        with body.loop("%left", str(width)) as column:
            values.store(body, dtype, "0.0", body.at(to, body.mul(column, str(itemsize))))
    parameters = [("ptr", "begin"), ("ptr", "out"), ("i64", "left"), ("i64", "depth")]
    return function("strided", [*parameters, ("i64", "step_k"), ("i64", "step_n")], body)


def _turn(body: Body, source: str, columns: list[str], block: int, depth: int) -> list[str]:
    """``block`` terms from ``depth`` on of each column, as one vector a term: squares side by side
    in vectors are turned together."""
    dtype = values.register_dtype(source)
    squares = len(columns) // block
    start = str(depth * values.SIZES[source])
    terms = [values.load(body, source, body.at(each, start), block) for each in columns]
    rows = [values.joined(body, dtype, terms[index::block], block) for index in range(block)]
    return values.turned(body, dtype, rows, squares)
