"""matmul of whole numbers: a plain loop, wrapping around as the dtype does."""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.size import shown

_WORDS = ("columns", "depth", "a_row", "a_depth", "b_depth", "b_column", "out_row", "out_column")
_CHUNK_MULADDS = 100_000


def matmul(a: Operand, b: Operand, out: Operand, epilogue: Epilogue) -> list[Launch]:
    """out = a @ b of integers; one launch for each matrix of the batch."""
    if not epilogue.empty:
        raise NotImplementedError(f"matmul: no epilogue for {out.dtype}; compute it after")
    if out.dtype not in values.SIZES or out.dtype == "bool":
        raise NotImplementedError(f"matmul: no lowering for {out.dtype}")
    if math.prod(out.shape) == 0:
        return []
    if len(out.shape) > 2:
        return [
            launch
            for index in range(out.shape[0])
            for launch in matmul(a.pick(index), b.pick(index), out.pick(index), epilogue)
        ]
    rows, columns = out.shape
    depth = a.shape[-1]
    words = (
        rows, max(1, _CHUNK_MULADDS // max(1, columns * depth)), columns, depth,
        a.step(0), a.step(1), b.step(0), b.step(1), out.step(0), out.step(1),
    )  # fmt: skip
    return [
        Launch(
            _kernel(out.dtype),
            (a.ref, b.ref, out.ref),
            words,
            chunks=-(-rows // words[1]),
            flops=2 * rows * columns * depth,
            bytes=out.itemsize * (rows * depth + depth * columns + rows * columns),
            label=f"matmul {'x'.join(map(shown, (rows, depth, columns)))} {out.dtype}",
        )
    ]


@functools.lru_cache(maxsize=16)
def _kernel(dtype: str) -> Kernel:
    text = values.kind(dtype)
    body = Body()
    a, b, out = body.words("%args", 3, kind="ptr")
    rows, group = body.words("%args", 2, first=3)
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=5), strict=True))
    total = body.op(f"alloca {text}")
    stop = body.min(body.mul("%end", group), rows)
    with (
        body.loop(body.mul("%begin", group), stop) as row,
        body.loop("0", word["columns"]) as column,
    ):
        left = body.at(a, body.mul(row, word["a_row"]))
        right = body.at(b, body.mul(column, word["b_column"]))
        body.store(text, "0", total)
        with body.loop("0", word["depth"]) as k:
            x = body.load(text, body.at(left, body.mul(k, word["a_depth"])))
            y = body.load(text, body.at(right, body.mul(k, word["b_depth"])))
            product = body.op(f"mul {text} {x}, {y}")
            old = body.load(text, total)
            body.store(text, body.op(f"add {text} {old}, {product}"), total)
        place = body.at(
            body.at(out, body.mul(row, word["out_row"])), body.mul(column, word["out_column"])
        )
        body.store(text, body.load(text, total), place)
    return kernel("plain", entry(body))
