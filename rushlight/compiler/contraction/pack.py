"""Panels: a (K, N) operand rewritten as strips of a tile's width, one depth after another.

A panel's row holds the ``width`` neighbours that one step of the register tile loads; the last
panel is filled up with zeros. Any strides; f16 and bf16 become f32 on the way. Chunks are groups
of panels.
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
_WORDS = ("depth", "columns", "step_k", "step_n", "panels", "group", "groups", "batch1", "batch2",
          "step0", "step1", "step2")  # fmt: skip


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
    panel_bytes = max(1, depth * width * values.SIZES[dtype])
    group = _panels_a_chunk(panels, panel_bytes)
    groups = -(-panels // group)
    numbers = (
        depth, columns, source.step(0), source.step(1), panels, group, groups, count1, count2,
        step0, step1, step2,
    )  # fmt: skip
    launch = Launch(
        _kernel(source.dtype, width, lanes),
        (source.ref, target),
        numbers,
        chunks=groups * count0 * count1 * count2,
        flops=0,
        bytes=2 * size * count0 * count1 * count2,
        label=f"pack {shown(depth)}x{shown(columns)} {source.dtype}",
    )
    return launch, target


@quantity
def _panels_a_chunk(panels: int, panel_bytes: int) -> int:
    return max(1, min(panels, _CHUNK_BYTES // panel_bytes))


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


@functools.lru_cache(maxsize=64)
def _kernel(source: str, width: int, lanes: int) -> Kernel:
    dtype = values.register_dtype(source)
    itemsize, source_size = values.SIZES[dtype], values.SIZES[source]
    body = Body()
    base, target = body.words("%args", 2, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=2), strict=True))
    panel_bytes = body.mul(word["depth"], str(width * itemsize))
    with body.loop("%begin", "%end") as chunk:
        group = body.rem(chunk, word["groups"])
        rest = body.div(chunk, word["groups"])
        index2 = body.rem(rest, word["batch2"])
        index1 = body.rem(body.div(rest, word["batch2"]), word["batch1"])
        index0 = body.div(rest, body.mul(word["batch1"], word["batch2"]))
        here = base
        for index, step in ((index0, "step0"), (index1, "step1"), (index2, "step2")):
            here = body.at(here, body.mul(index, word[step]))
        there = body.at(target, body.mul(body.mul(rest, word["panels"]), panel_bytes))
        first = body.mul(group, word["group"])
        stop = body.min(body.add(first, word["group"]), word["panels"])
        with body.loop(first, stop) as panel:
            column = body.mul(panel, str(width))
            left = body.min(body.sub(word["columns"], column), str(width))
            begin = body.at(here, body.mul(column, word["step_n"]))
            out = body.at(there, body.mul(panel, panel_bytes))
            neighbours = body.equal(word["step_n"], str(source_size))
            whole = body.equal(left, str(width))
            with body.either(body.op(f"and i1 {neighbours}, {whole}")) as (yes, no):
                with body.branch(yes), body.loop("0", word["depth"]) as k:
                    row = body.at(begin, body.mul(k, word["step_k"]))
                    to = body.at(out, body.mul(k, str(width * itemsize)))
                    for place, piece in pieces(width, lanes):
                        address = body.at(row, str(place * source_size))
                        value = values.load(body, source, address, piece)
                        values.store(body, dtype, value, body.at(to, str(place * itemsize)), piece)
                with body.branch(no):
                    where = [("ptr", begin), ("ptr", out), ("i64", left)]
                    sizes = [("i64", word[name]) for name in ("depth", "step_k", "step_n")]
                    body.call("strided", where + sizes)
    return kernel("pack", _define_strided(source, width) + entry(body))


def _define_strided(source: str, width: int) -> str:
    """``strided``: one panel whose columns do not lie together, or are not all there."""
    dtype = values.register_dtype(source)
    itemsize, source_size = values.SIZES[dtype], values.SIZES[source]
    block = 16 // itemsize
    body = Body()
    # Square blocks are turned in registers where the depth lies together: four streams at a time,
    # because columns a power of two apart share few places in the first cache.
    by_blocks = width % block == 0
    done = "0"
    if by_blocks:
        along = body.equal("%step_k", str(source_size))
        full = body.equal("%left", str(width))
        some = body.select(body.op(f"and i1 {along}, {full}"), "%depth", "0")
        done = body.mul(body.div(some, str(block)), str(block))
        with (
            body.loop("0", str(width), str(block)) as column,
            body.loop("0", done, str(block)) as k,
        ):
            here = body.at("%begin", body.mul(column, "%step_n"))
            here = body.at(here, body.mul(k, "%step_k"))
            rows = [
                values.load(body, source, body.at(here, body.mul(str(index), "%step_n")), block)
                for index in range(block)
            ]
            there = body.at("%out", body.mul(k, str(width * itemsize)))
            there = body.at(there, body.mul(column, str(itemsize)))
            for index, value in enumerate(values.turned(body, dtype, rows)):
                place = body.at(there, str(index * width * itemsize))
                values.store(body, dtype, value, place, block)
    with body.loop("0", "%left") as column:
        row = body.at("%begin", body.mul(column, "%step_n"))
        to = body.at("%out", body.mul(column, str(itemsize)))
        with body.loop(done, "%depth") as k:
            value = values.load(body, source, body.at(row, body.mul(k, "%step_k")))
            values.store(body, dtype, value, body.at(to, body.mul(k, str(width * itemsize))))
    with body.loop("%left", str(width)) as column:
        to = body.at("%out", body.mul(column, str(itemsize)))
        with body.loop("0", "%depth") as k:
            values.store(body, dtype, "0.0", body.at(to, body.mul(k, str(width * itemsize))))
    parameters = [("ptr", "begin"), ("ptr", "out"), ("i64", "left"), ("i64", "depth")]
    return function("strided", [*parameters, ("i64", "step_k"), ("i64", "step_n")], body)
