"""Sums that several chunks made, each of its share of the terms: added up, number by number."""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.launch import Kernel, Launch, Ref

# Numbers of a chunk that only adds shares.
_TOTALS = 16384


def total(shares: int, parts: Ref, out: Operand, lanes: int, label: str) -> list[Launch]:
    """``out``, which is dense, from ``shares`` arrays like it that follow each other at ``parts``.

    Nothing to do for one share, which is in ``out`` already.
    """
    if shares <= 1:
        return []
    count = math.prod(out.shape)
    return [
        Launch(
            total_kernel(out.dtype, lanes),
            (parts, out.ref),
            (count, _TOTALS, shares),
            chunks=-(-count // _TOTALS),
            flops=count * (shares - 1),
            bytes=(shares + 1) * count * out.itemsize,
            label=f"total of {label}",
        )
    ]


@functools.lru_cache(maxsize=8)
def total_kernel(dtype: str, lanes: int) -> Kernel:
    """Sums of shares, number by number. Pointers: shares, out. Words: numbers, those of a chunk,
    shares. Shares of narrow sums (``dtype``, out's) are as wide as registers."""
    body, work = Body(), values.register_dtype(dtype)
    parts, out = body.words("%args", 2, kind="ptr")
    count, per_chunk, shares = body.words("%args", 3, first=2)
    size = values.SIZES[work]
    stop = body.min(body.mul("%end", per_chunk), count)
    start = body.mul("%begin", per_chunk)
    whole = body.add(start, body.mul(body.div(body.sub(stop, start), str(lanes)), str(lanes)))
    step = body.mul(count, str(size))
    for first, last, width in ((start, whole, lanes), (whole, stop, 1)):
        kind = values.kind(work, width)
        total = body.op(f"alloca {kind}, align 64")
        with body.loop(first, last, str(width)) as index:
            offset = body.mul(index, str(size))
            here = body.at(parts, offset)
            body.store(kind, body.load(kind, here, size), total, size)
            with body.loop("1", shares) as share:
                more = body.load(kind, body.at(here, body.mul(share, step)), size)
                old = body.load(kind, total, size)
                body.store(kind, values.add(body, work, old, more, width), total, size)
            to = body.at(out, body.mul(index, str(values.SIZES[dtype])))
            values.store(body, dtype, body.load(kind, total, size), to, width)
    return kernel("weight_total", entry(body))
