"""Arrays that no array makes: const and iota."""

from __future__ import annotations

import functools
import math

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.element import FLOATS, entry, word_kind
from rushlight.compiler.kernels.nest import chunk_rows, loops, make_nest
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

# A store of so many bytes at once; LLVM cuts it to what the CPU has.
_VECTOR_BYTES = 64


def bits_of(value: complex | float | int | bool, dtype: DType) -> int:
    """The bytes of ``value`` as a word of the launch."""
    raw = np.zeros(1, dtype=dtype.np)
    raw[0] = value
    return int.from_bytes(raw.tobytes().ljust(8, b"\0"), "little", signed=True)


def lower_const(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    return fill(out, bits_of(node.attrs["value"], node.dtype), f"const {node.dtype.name}")


def fill(out: Operand, bits: int, label: str) -> list[Launch]:
    """A contiguous ``out`` full of one element."""
    width, count = out.itemsize, math.prod(out.shape)
    group, chunks = chunk_rows(count, width)
    if not count:
        return []
    # Whole vectors in every chunk but the last.
    lanes = _VECTOR_BYTES // width
    if chunks > 1:
        group = -(-group // lanes) * lanes
        chunks = -(-count // group)
    words = (count, group, bits)
    return [Launch(_fill_kernel(width), (out.ref,), words, chunks, 0, count * width, label)]


@functools.lru_cache(maxsize=8)
def _fill_kernel(width: int) -> Kernel:
    body = Body()
    kind, lanes = word_kind(width), _VECTOR_BYTES // width
    vector = f"<{lanes} x {kind}>"
    (target,) = body.words("%args", 1, kind="ptr")
    count, group, bits = body.words("%args", 3, first=1)
    value = bits if width == 8 else body.op(f"trunc i64 {bits} to {kind}")
    one = body.op(f"insertelement {vector} poison, {kind} {value}, i64 0")
    every = body.op(
        f"shufflevector {vector} {one}, {vector} poison, <{lanes} x i32> zeroinitializer"
    )
    with body.loop("%begin", "%end") as chunk:
        start = body.mul(chunk, group)
        stop = body.min(body.add(start, group), count)
        whole = body.add(start, body.mul(body.div(body.sub(stop, start), str(lanes)), str(lanes)))
        with body.loop(start, whole, str(lanes)) as index:
            body.store(vector, every, body.at(target, body.mul(index, str(width))), width)
        with body.loop(whole, stop) as index:
            body.store(kind, value, body.at(target, body.mul(index, str(width))), width)
    return kernel("fill", entry(body))


def lower_iota(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    axis, width = node.attrs["axis"], out.itemsize
    outer, inner = math.prod(node.shape[:axis]), math.prod(node.shape[axis + 1 :])
    size = node.shape[axis]
    # The second array counts: it is no memory, its "bytes" along the axis are the numbers.
    steps = ((size * inner * width, inner * width, width), (0, 1, 0))
    nest = make_nest((outer, size, inner), steps, width, fixed=(0, 1, 2))
    if not nest.chunks:
        return []
    made = _iota_kernel(out.dtype)
    label = f"iota {node.dtype.name}{shown(node.shape)}"
    return [Launch(made, (out.ref,), nest.words, nest.chunks, 0, nest.size * width, label)]


@functools.lru_cache(maxsize=16)
def _iota_kernel(dtype: str) -> Kernel:
    body = Body()
    width = values.SIZES[dtype]
    (target,) = body.words("%args", 1, kind="ptr")
    with loops(body, 3, (target, "null"), 1) as row:
        number = body.op(f"ptrtoint ptr {row.at[1]} to i64")
        if dtype in FLOATS:
            kind = values.kind(values.register_dtype(dtype))
            value = body.op(f"sitofp i64 {number} to {kind}")
        elif dtype == "bool":
            value = body.op(f"zext i1 {body.op(f'icmp ne i64 {number}, 0')} to i8")
        elif width == 8:
            value = number
        else:
            value = body.op(f"trunc i64 {number} to {word_kind(width)}")
        with body.loop(row.start, row.stop) as index:
            values.store(body, dtype, value, body.at(row.at[0], body.mul(index, str(width))))
    return kernel("iota", entry(body))
