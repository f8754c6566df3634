"""Convolutions with one input and one output channel a group: each channel on its own.

There is nothing to share between channels, so vectors go along them (channels-last memory) and the
taps are summed for one result at a time. Taps outside the image are left out instead of padded.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

from rushlight.compiler.contraction import choose, values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output, Place, pointers, store_tile
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.tile import ROW_BYTES, Tile, column_masks
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.launch import Kernel, Launch

# Weights of a chunk's channels wait on the stack, tap by tap.
MAX_TAPS = 128
VECTORS = 4

_AXIS = ("size", "taps", "out", "stride", "dilation", "low")
_WORDS = (
    "images", "channels", "blocks", "band", "bands", "bias_step", "whole_vectors",
    *(f"{axis}_{name}" for axis in ("row", "column") for name in _AXIS),
    *(f"{what}_{name}" for what in ("x", "out", "residual")
      for name in ("image", "row", "column", "channel")),
    *(f"w_{name}" for name in ("channel", "row", "column")),
)  # fmt: skip


def fits(problem: Problem) -> bool:
    """Whether this file's kernels can do it, and well."""
    x, g = problem.x, problem.out
    return (
        problem.filters == problem.channels == 1
        and problem.groups > 1
        and x.dtype in ("f32", "f64")
        and x.strides[3] == g.strides[3] == 1
        and problem.row.taps * problem.column.taps <= MAX_TAPS
    )


def depthwise(problem: Problem, epilogue: Epilogue) -> Launch:
    """out from x and w; see ``fits``."""
    out, residual, bias = problem.out, epilogue.residual, epilogue.bias
    tile = Tile(1, VECTORS, choose.tile(out.dtype, 64).lanes, out.dtype)
    numbers, chunks = _numbers(problem, tile)
    extras = [extra for extra in (bias, residual) if extra]
    together = all(extra.step(-1) == extra.itemsize for extra in extras)
    numbers |= {"bias_step": bias.step(0) if bias else 0, "whole_vectors": int(together)}
    numbers |= _steps("residual", residual)
    return Launch(
        _kernel(tile, Finish.of(out, epilogue)),
        (problem.x.ref, problem.w.ref, out.ref, *pointers(epilogue)),
        tuple(numbers[name] for name in _WORDS),
        chunks=chunks,
        flops=problem.flops,
        bytes=problem.bytes,
        label=f"depthwise {problem.x.shape} {out.dtype}",
    )


def _steps(name: str, operand: Operand | None) -> dict[str, int]:
    axes = ("image", "row", "column", "channel")
    return {
        f"{name}_{axis}": operand.step(place) if operand else 0 for place, axis in enumerate(axes)
    }


def _numbers(problem: Problem, tile: Tile) -> tuple[dict[str, int], int]:
    """Words, and chunks: images by bands of rows by blocks of channels."""
    blocks = -(-problem.groups // tile.columns)
    row = problem.column.out * problem.row.taps * problem.column.taps * tile.columns
    # A quarter of a matmul's pace: every multiply-add loads both its numbers.
    band = max(1, min(problem.row.out, choose.CHUNK_MULADDS // 4 // max(1, row)))
    bands = -(-problem.row.out // band)
    numbers = {
        "images": problem.x.shape[0], "channels": problem.groups, "blocks": blocks,
        "band": band, "bands": bands,
        "w_channel": problem.w.step(0), "w_row": problem.w.step(3), "w_column": problem.w.step(4),
        **_steps("x", problem.x), **_steps("out", problem.out),
    }  # fmt: skip
    for name, axis in (("row", problem.row), ("column", problem.column)):
        numbers |= {f"{name}_{field}": getattr(axis, field) for field in _AXIS}
    return numbers, problem.x.shape[0] * bands * blocks


@dataclass(frozen=True)
class _Taps:
    """Which taps of one result are inside the image, on one axis."""

    first: str
    stop: str
    origin: str

    @staticmethod
    def of(body: Body, word: dict[str, str], axis: str, out: str) -> _Taps:
        def get(name: str) -> str:
            return word[f"{axis}_{name}"]

        origin = body.sub(body.mul(out, get("stride")), get("low"))
        first = body.ceil_div(body.max(body.sub("0", origin), "0"), get("dilation"))
        room = body.max(body.sub(get("size"), origin), "0")
        stop = body.min(body.ceil_div(room, get("dilation")), get("taps"))
        return _Taps(first, stop, origin)


@functools.lru_cache(maxsize=32)
def _kernel(tile: Tile, finish: Finish) -> Kernel:
    """Pointers: x, w, out, then the finish's. Words: ``_WORDS``."""
    body = Body()
    count = 3 + len(finish.pointers)
    x, w, out, *others = body.words("%args", count, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=count), strict=True))
    size, width = tile.itemsize, tile.columns * tile.itemsize
    weights = body.op(f"alloca [{MAX_TAPS * width} x i8], align 64")
    table = body.op(f"alloca [{ROW_BYTES} x i8], align 64")
    buffer = body.op(f"alloca [{width} x i8], align 64")
    sums = [body.op(f"alloca {tile.vector}, align 64") for _ in range(tile.vectors)]
    bases = {"out": out, **dict(zip(finish.pointers, others, strict=True))}
    steps = {"out": str(size), "residual": word["residual_channel"], "bias": word["bias_step"]}
    whole = body.op(f"icmp ne i64 {word['whole_vectors']}, 0")
    output = Output(bases, steps, whole)
    with body.loop("%begin", "%end") as chunk:
        block, rest = body.rem(chunk, word["blocks"]), body.div(chunk, word["blocks"])
        band, image = body.rem(rest, word["bands"]), body.div(rest, word["bands"])
        channel = body.mul(block, str(tile.columns))
        valid = body.min(str(tile.columns), body.sub(word["channels"], channel))
        full = body.equal(valid, str(tile.columns))
        masks = column_masks(body, tile, valid)
        _pack_weights(body, tile, word, w, weights, channel, valid)
        start = body.at(x, body.mul(image, word["x_image"]))
        start = body.at(start, body.mul(channel, str(size)))
        row0 = body.mul(band, word["band"])
        stop = body.min(body.add(row0, word["band"]), word["row_out"])
        with body.loop(row0, stop) as row, body.loop("0", word["column_out"]) as column:
            down = _Taps.of(body, word, "row", row)
            across = _Taps.of(body, word, "column", column)
            for total in sums:
                body.store(tile.vector, values.zero(tile.lanes), total, 64)
            with (
                body.loop(down.first, down.stop) as tap_row,
                body.loop(across.first, across.stop) as tap_column,
            ):
                y = body.add(down.origin, body.mul(tap_row, word["row_dilation"]))
                z = body.add(across.origin, body.mul(tap_column, word["column_dilation"]))
                here = body.at(start, body.mul(y, word["x_row"]))
                here = body.at(here, body.mul(z, word["x_column"]))
                tap = body.add(body.mul(tap_row, word["column_taps"]), tap_column)
                weight = body.at(weights, body.mul(tap, str(width)))
                with body.either(full) as (yes, no):
                    for label, only in ((yes, [""] * tile.vectors), (no, masks)):
                        with body.branch(label):
                            for vector, mask in enumerate(only):
                                _add_product(body, tile, here, weight, vector, mask, sums[vector])
            for place, name in (("8", "out"), ("16", "residual")):
                offset = body.add(
                    body.mul(image, word[f"{name}_image"]), body.mul(row, word[f"{name}_row"])
                )
                offset = body.add(offset, body.mul(column, word[f"{name}_column"]))
                body.store("i64", offset, body.at(table, place))
            results = [body.load(tile.vector, total, 64) for total in sums]
            at = Place(table, "1", channel, valid, "true", "true")
            store_tile(body, tile, finish, output, results, buffer, at)
    return kernel("depthwise", values.declare_masked_load(tile.dtype, tile.lanes) + entry(body))


def _add_product(
    body: Body, tile: Tile, here: str, weight: str, vector: int, mask: str, total: str
) -> None:
    offset = str(vector * tile.lanes * tile.itemsize)
    left = values.load(body, tile.dtype, body.at(here, offset), tile.lanes, mask)
    right = body.load(tile.vector, body.at(weight, offset), tile.itemsize)
    product = body.op(f"fmul contract {tile.vector} {left}, {right}")
    old = body.load(tile.vector, total, 64)
    new = body.op(f"fadd contract {tile.vector} {old}, {product}")
    body.store(tile.vector, new, total, 64)


def _pack_weights(
    body: Body,
    tile: Tile,
    word: dict[str, str],
    w: str,
    weights: str,
    channel: str,
    valid: str,
) -> None:
    """The weights of a chunk's channels, tap by tap; 0 beyond the last channel."""
    kind, size = values.kind(tile.dtype), tile.itemsize
    with (
        body.loop("0", word["row_taps"]) as row,
        body.loop("0", word["column_taps"]) as column,
    ):
        tap = body.add(body.mul(row, word["column_taps"]), column)
        to = body.at(weights, body.mul(tap, str(tile.columns * size)))
        here = body.at(w, body.mul(row, word["w_row"]))
        here = body.at(here, body.mul(column, word["w_column"]))
        here = body.at(here, body.mul(channel, word["w_channel"]))
        with body.loop("0", valid) as lane:
            value = body.load(kind, body.at(here, body.mul(lane, word["w_channel"])))
            body.store(kind, value, body.at(to, body.mul(lane, str(size))))
        with body.loop(valid, str(tile.columns)) as lane:
            body.store(kind, "0.0", body.at(to, body.mul(lane, str(size))))


def depthwise_weight_grad(problem: Problem) -> Launch:
    """w from x and out (the gradient); see ``fits``. A chunk owns a block of channels."""
    x = problem.x
    tile = Tile(1, VECTORS, choose.tile(x.dtype, 64).lanes, x.dtype)
    numbers, _ = _numbers(problem, tile)
    numbers |= {"bias_step": 0, "whole_vectors": 1, **_steps("residual", None)}
    taps = problem.row.taps * problem.column.taps
    return Launch(
        _weight_kernel(tile),
        (x.ref, problem.w.ref, problem.out.ref),
        tuple(numbers[name] for name in _WORDS),
        chunks=numbers["blocks"] * taps,
        flops=problem.flops,
        bytes=math.prod(x.shape) * x.itemsize * taps,
        label=f"depthwise_weight_grad {x.shape} {x.dtype}",
    )


@functools.lru_cache(maxsize=8)
def _weight_kernel(tile: Tile) -> Kernel:
    """Pointers: x, dw, g. A chunk is one tap of one block of channels."""
    body = Body()
    x, dw, g = body.words("%args", 3, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=3), strict=True))
    size, width = tile.itemsize, tile.columns * tile.itemsize
    buffer = body.op(f"alloca [{width} x i8], align 64")
    sums = [body.op(f"alloca {tile.vector}, align 64") for _ in range(tile.vectors)]
    with body.loop("%begin", "%end") as chunk:
        block, tap = body.rem(chunk, word["blocks"]), body.div(chunk, word["blocks"])
        tap_row, tap_column = (
            body.div(tap, word["column_taps"]), body.rem(tap, word["column_taps"])
        )  # fmt: skip
        channel = body.mul(block, str(tile.columns))
        valid = body.min(str(tile.columns), body.sub(word["channels"], channel))
        full = body.equal(valid, str(tile.columns))
        masks = column_masks(body, tile, valid)
        start = body.mul(channel, str(size))
        for total in sums:
            body.store(tile.vector, values.zero(tile.lanes), total, 64)
        rows = _results(body, word, "row", tap_row)
        columns = _results(body, word, "column", tap_column)
        with (
            body.loop("0", word["images"]) as image,
            body.loop(rows[0], rows[1]) as row,
            body.loop(columns[0], columns[1]) as column,
        ):
            y = body.add(body.mul(row, word["row_stride"]), rows[2])
            z = body.add(body.mul(column, word["column_stride"]), columns[2])
            there = body.at(g, start)
            here = body.at(x, start)
            for name, index, source in (
                ("image", image, image),
                ("row", row, y),
                ("column", column, z),
            ):
                there = body.at(there, body.mul(index, word[f"out_{name}"]))
                here = body.at(here, body.mul(source, word[f"x_{name}"]))
            with body.either(full) as (yes, no):
                for label, only in ((yes, [""] * tile.vectors), (no, masks)):
                    with body.branch(label):
                        for vector, mask in enumerate(only):
                            offset = str(vector * tile.lanes * size)
                            left = values.load(
                                body, tile.dtype, body.at(here, offset), tile.lanes, mask
                            )
                            right = values.load(
                                body, tile.dtype, body.at(there, offset), tile.lanes, mask
                            )
                            product = body.op(f"fmul contract {tile.vector} {left}, {right}")
                            old = body.load(tile.vector, sums[vector], 64)
                            new = body.op(f"fadd contract {tile.vector} {old}, {product}")
                            body.store(tile.vector, new, sums[vector], 64)
        for vector, total in enumerate(sums):
            place = body.at(buffer, str(vector * tile.lanes * size))
            body.store(tile.vector, body.load(tile.vector, total, 64), place, size)
        to = body.at(dw, body.mul(tap_row, word["w_row"]))
        to = body.at(to, body.mul(tap_column, word["w_column"]))
        to = body.at(to, body.mul(channel, word["w_channel"]))
        kind = values.kind(tile.dtype)
        with body.loop("0", valid) as lane:
            value = body.load(kind, body.at(buffer, body.mul(lane, str(size))))
            body.store(kind, value, body.at(to, body.mul(lane, word["w_channel"])))
    declare = values.declare_masked_load(tile.dtype, tile.lanes)
    return kernel("depthwise_weight", declare + entry(body))


def _results(body: Body, word: dict[str, str], axis: str, tap: str) -> tuple[str, str, str]:
    """First and last + 1 of the results that meet ``tap`` inside the image, and its shift."""
    shift = body.sub(body.mul(tap, word[f"{axis}_dilation"]), word[f"{axis}_low"])
    stride = word[f"{axis}_stride"]
    first = body.ceil_div(body.max(body.sub("0", shift), "0"), stride)
    room = body.max(body.sub(word[f"{axis}_size"], shift), "0")
    return first, body.min(body.ceil_div(room, stride), word[f"{axis}_out"]), shift
