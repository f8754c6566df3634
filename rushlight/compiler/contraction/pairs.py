"""Products of bf16 on CPUs that add two of them to an f32 at a time.

Two terms of the depth that lie side by side are one number of 32 bits. Where the depth lies
together, an operand is such numbers already: it is read, or packed, as if it were f32. Where
columns do, ``pack_pairs`` makes panels of pairs of two rows.
"""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.contraction.pack import matrix_start, panels_bytes, pieces
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.size import decision, shown
from rushlight.runtime import cpu

# Pairs of rows that go through all panels in one chunk.
_DEEP = 16
_WORDS = ("deep", "columns", "step", "panels", "chunks",
          "batch1", "batch2", "step0", "step1", "step2")  # fmt: skip


def fits(a: Operand, b: Operand) -> bool:
    """Whether a (..., M, K) @ b (..., K, N) can be taken in pairs of terms."""
    return (
        a.dtype == "bf16"
        and cpu.host().adds_pairs
        and _even(a.shape[-1])
        and (_lies(a, -1) or a.strides[-2] == 1)
        and (_lies(b, -2) or b.strides[-1] == 1)
    )


@decision
def _even(depth: int) -> bool:
    return depth > 0 and depth % 2 == 0


def _lies(operand: Operand, axis: int) -> bool:
    """Terms of the depth, which is ``axis``, are neighbours, and begin at whole pairs."""
    last = axis % len(operand.strides)
    others = [step for place, step in enumerate(operand.strides) if place != last]
    return operand.strides[axis] == 1 and all(step % 2 == 0 for step in others)


def seen(operand: Operand, axis: int) -> Operand:
    """``operand`` as numbers that are pairs along ``axis``, if it lies so, or as it is."""
    if not _lies(operand, axis):
        return operand
    shape, strides = list(operand.shape), [step // 2 for step in operand.strides]
    shape[axis], strides[axis] = shape[axis] // 2, 1
    return Operand(operand.ref, "f32", tuple(shape), tuple(strides))


def pack_pairs(
    source: Operand, batch: tuple[tuple[int, int], ...], width: int, lanes: int
) -> tuple[Launch, Ref]:
    """Panels of ``source`` (K, N), whose columns lie together: otherwise as ``pack.pack``."""
    depth, columns = source.shape
    (count0, step0), (count1, step1), (count2, step2) = batch
    size = panels_bytes(depth // 2, columns, width, 4)
    target = Ref(Scratch(max(64, size * count0 * count1 * count2)))
    chunks = -(-depth // (2 * _DEEP))
    numbers = (
        depth // 2, columns, source.step(0), -(-columns // width), chunks,
        count1, count2, step0, step1, step2,
    )  # fmt: skip
    launch = Launch(
        _kernel(width, lanes),
        (source.ref, target),
        numbers,
        chunks=chunks * count0 * count1 * count2,
        flops=0,
        bytes=2 * size * count0 * count1 * count2,
        label=f"pack {shown(depth)}x{shown(columns)} pairs",
        lasting=True,
    )
    return launch, target


@functools.lru_cache(maxsize=64)
def _kernel(width: int, lanes: int) -> Kernel:
    body = Body()
    base, target = body.words("%args", 2, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=2), strict=True))
    panel_bytes = body.mul(word["deep"], str(4 * width))
    with body.loop("%begin", "%end") as chunk:
        matrix, stretch = body.split(chunk, word["chunks"])
        here = matrix_start(body, word, base, matrix)
        there = body.at(target, body.mul(body.mul(matrix, word["panels"]), panel_bytes))
        begun = body.mul(stretch, str(_DEEP))
        stop = body.min(body.add(begun, str(_DEEP)), word["deep"])
        full = body.div(word["columns"], str(width))
        with body.loop(begun, stop) as pair:
            first = body.at(here, body.mul(pair, body.mul(word["step"], "2")))
            rows = [first, body.at(first, word["step"])]
            out = body.at(there, body.mul(pair, str(4 * width)))
            with body.loop("0", full) as panel:
                begin = body.mul(panel, str(2 * width))
                to = body.at(out, body.mul(panel, panel_bytes))
                for place, piece in pieces(width, lanes):
                    begins = [body.at(body.at(row, begin), str(2 * place)) for row in rows]
                    _pair(body, begins, body.at(to, str(4 * place)), piece)
            done = body.mul(full, str(width))
            to = body.at(out, body.mul(full, panel_bytes))
            left = body.sub(word["columns"], done)
            with body.loop("0", left) as column:
                begin = body.mul(body.add(done, column), "2")
                _pair(
                    body,
                    [body.at(row, begin) for row in rows],
                    body.at(to, body.mul(column, "4")),
                    1,
                )
            with body.when(body.less("0", left)), body.loop(left, str(width)) as column:
                body.store("i32", "0", body.at(to, body.mul(column, "4")), 4)
    return kernel("pack_pairs", entry(body))


def _pair(body: Body, rows: list[str], to: str, lanes: int) -> None:
    """``lanes`` neighbours of two rows, the first row's in the lower halves."""
    narrow, wide = values.kind("i16", lanes), values.kind("i32", lanes)
    low, high = (body.op(f"zext {narrow} {body.load(narrow, row, 2)} to {wide}") for row in rows)
    sixteen = "16" if lanes == 1 else "<" + ", ".join(["i32 16"] * lanes) + ">"
    high = body.op(f"shl {wide} {high}, {sixteen}")
    body.store(wide, body.op(f"or {wide} {low}, {high}"), to, 4)
