"""Strided copies: cat, the windows of slice_set and as_strided_set, making things contiguous."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

from rushlight.base.shape import contiguous_strides
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.element import MEMORY_DECLARES, copy_row, entry, move
from rushlight.compiler.kernels.nest import loops, make_nest
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown


def steps_of(operand: Operand) -> tuple[int, ...]:
    """Bytes from one element to the next along each axis."""
    return tuple(stride * operand.itemsize for stride in operand.strides)


def is_contiguous(operand: Operand) -> bool:
    expected = contiguous_strides(operand.shape)
    pairs = zip(operand.shape, operand.strides, expected, strict=True)
    return all(size <= 1 or stride == wanted for size, stride, wanted in pairs)


def copy(source: Operand, target: Operand, label: str, *, ordered: bool = False) -> list[Launch]:
    """Write ``source`` to the places of ``target``, both any strides, one shape.

    ``ordered``: places of the target may coincide, the last in row-major order wins.
    """
    width = target.itemsize
    axes = tuple(range(len(target.shape)))
    serial = axes if ordered else ()
    nest = make_nest(target.shape, (steps_of(source), steps_of(target)), 2 * width, serial=serial)
    if not nest.chunks:
        return []
    rows = all(steps[-1] == width for steps in nest.steps)
    moved = 2 * width * nest.size
    made = _copy_kernel(width, nest.rank, rows)
    return [Launch(made, (source.ref, target.ref), nest.words, nest.chunks, 0, moved, label)]


@functools.lru_cache(maxsize=256)
def _copy_kernel(width: int, rank: int, rows: bool) -> Kernel:
    body = Body()
    source, target = body.words("%args", 2, kind="ptr")
    with loops(body, rank, (source, target), 2) as row:
        if rows:
            start = body.mul(row.start, str(width))
            count = body.sub(row.stop, row.start)
            copy_row(body, width, body.at(row.at[1], start), body.at(row.at[0], start), count)
        else:
            with body.loop(row.start, row.stop) as index:
                here = body.at(row.at[0], body.mul(index, row.steps[0]))
                move(body, width, body.at(row.at[1], body.mul(index, row.steps[1])), here)
    return kernel("copy", entry(body, MEMORY_DECLARES))


def contiguous(operand: Operand) -> tuple[list[Launch], Operand]:
    """``operand`` itself, or launches that copy it into memory of their own."""
    if is_contiguous(operand):
        return [], operand
    size = math.prod(operand.shape) * operand.itemsize
    strides = contiguous_strides(operand.shape)
    target = Operand(Ref(Scratch(max(size, 64))), operand.dtype, operand.shape, strides)
    return copy(operand, target, "make contiguous"), target


def all_contiguous(operands: Iterable[Operand]) -> tuple[list[Launch], list[Operand]]:
    """``contiguous`` of each: the copies that are needed, and what to read instead."""
    launches: list[Launch] = []
    ready = []
    for operand in operands:
        before, made = contiguous(operand)
        launches += before
        ready.append(made)
    return launches, ready


def start_from(source: Operand, out: Operand, label: str) -> list[Launch]:
    """``out`` begins as ``source``: nothing to do where they are the same memory."""
    return [] if source.ref == out.ref else copy(source, out, label)


def lower_cat(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    axis = node.attrs["axis"]
    launches: list[Launch] = []
    first = 0
    for source in sources:
        window = out.every(axis, first, 1, source.shape[axis])
        launches += copy(source, window, f"cat {node.dtype.name}{shown(source.shape)}")
        first += source.shape[axis]
    return launches


def lower_slice_set(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    whole, part = sources
    window = out
    for axis, (start, step) in enumerate(zip(node.attrs["start"], node.attrs["step"], strict=True)):
        window = window.every(axis, start, step, part.shape[axis])
    label = f"slice_set {node.dtype.name}{shown(part.shape)}"
    return [*start_from(whole, out, label), *copy(part, window, label)]


def lower_as_strided_set(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    whole, part = sources
    strides, offset = node.attrs["strides"], node.attrs["offset"]
    window = Operand(out.ref.at(offset * out.itemsize), out.dtype, part.shape, strides)
    label = f"as_strided_set {node.dtype.name}{shown(part.shape)}"
    filled = copy(part, window, label, ordered=_may_overlap(part.shape, strides))
    return [*start_from(whole, out, label), *filled]


def lower_as_strided(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    """The window of a contiguous flat source, copied."""
    before, flat = contiguous(sources[0])
    place = flat.ref.at(node.attrs["offset"] * flat.itemsize)
    window = Operand(place, flat.dtype, node.shape, node.attrs["strides"])
    return [*before, *copy(window, out, f"as_strided {node.dtype.name}{shown(node.shape)}")]


def _may_overlap(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether two elements may lie at one place: each axis must step past the smaller ones."""
    reach = 0
    pairs = [(abs(s), n) for s, n in zip(strides, shape, strict=True) if n > 1]
    for stride, size in sorted(pairs):
        if stride <= reach:
            return True
        reach += stride * (size - 1)
    return False
