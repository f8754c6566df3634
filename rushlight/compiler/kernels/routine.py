"""Calls of host functions that are loops in Python, too (``ir/routine.py``), as kernels."""

from __future__ import annotations

import functools
from collections.abc import Callable

from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.emit import kernel as make_kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import all_contiguous
from rushlight.compiler.kernels.element import entry
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.compiler.routine import text_of
from rushlight.compiler.routine_values import ARRAYS
from rushlight.ir.graph import Node
from rushlight.ir.routine import ROUTINES, Routine
from rushlight.ir.size import shown
from rushlight.runtime.object_code import LOOPS

# The words of the call of the host function, for where the loops say that something is wrong.
Fallback = Callable[[int], tuple[int, int]]


def lower_routine(
    node: Node, sources: tuple[Operand, ...], out: Operand, stem: str, fallback: Fallback
) -> list[Launch] | None:
    """The launches of a call, or None where there are no loops for it. Kernels that may call the
    host function have the name ``stem``."""
    found = ROUTINES.get(node.attrs["name"])
    if found is None or not ARRAYS.issuperset([each.dtype for each in (*sources, out)]):
        return None
    if not node.size:
        return []
    cut = found.cut([each.shape for each in (*node.src, node)], node.attrs["params"])
    if cut is None:
        return None
    launches, ready = all_contiguous(sources)
    group, chunks = (cut.items, 1) if cut.alone else chunk_rows(cut.items, cut.cost)
    rooms = [Scratch(8 * (each + 1) * chunks) for each in cut.room]
    pointers = (*[each.ref for each in ready], *[Ref(each) for each in rooms], out.ref)
    kinds = tuple([each.dtype for each in (*sources, out)])
    rooms_of = (kinds[0],) * cut.like + ("f64",) * (len(cut.room) - cut.like)
    made = _kernel(found, kinds, len(cut.sizes), rooms_of, stem)
    call = (0, 0) if made.sure else fallback(len(pointers))
    words = (*call, cut.items, group, *cut.room, *cut.sizes)
    label = f"{node.attrs['name']} {node.dtype.name}{shown(node.shape)}"
    moved = cut.items * cut.cost
    return [*launches, Launch(made, pointers, words, chunks, 0, moved, label)]


@functools.lru_cache(maxsize=128)
def _kernel(
    routine: Routine,
    kinds: tuple[str, ...],
    sizes: int,
    rooms_of: tuple[str, ...],
    stem: str,
) -> Kernel:
    rooms = len(rooms_of)
    arrays = [f"[{each}]" for each in (*kinds, *rooms_of)]
    symbol, text = text_of(routine.function, ["i64", *["i64"] * sizes, *arrays])
    fails = _fails(text, symbol)
    body = Body()
    *given, out = body.words("%args", len(kinds) + rooms, kind="ptr")
    first = len(kinds) + rooms
    address, _, items, group, *rest = body.words("%args", 4 + rooms + sizes, first=first)
    with body.loop("%begin", "%end") as chunk:
        start = body.mul(chunk, group)
        sources, own = given[: len(kinds) - 1], []
        for room, length in zip(given[len(kinds) - 1 :], rest[:rooms], strict=True):
            own.append(body.at(room, body.mul(body.mul(chunk, length), "8")))
        with body.loop(start, body.min(body.add(start, group), items)) as item:
            words = ", ".join(
                [f"i64 {each}" for each in (item, *rest[rooms:])]
                + [f"ptr {each}" for each in (*sources, out, *own)]
            )
            code = body.op(f"call i64 @{symbol}({words})")
            if fails:
                wrong = body.op(f"icmp ne i64 {code}, 0")
                with body.when(wrong):
                    function_at = body.op(f"inttoptr i64 {address} to ptr")
                    failed = body.op(f"call i64 {function_at}(ptr %args, i64 0, i64 1)")
                    body.line(f"ret i64 {failed}")
                    body.label(body.name("never"))
    whole = (LOOPS if routine.vectors else "") + entry(body, text)
    return make_kernel(stem if fails else "routine", whole)


def _fails(text: str, symbol: str) -> bool:
    """Whether it may return anything but 0."""
    own = text[text.index(f"@{symbol}(", text.index("define internal i64 @py.")) :]
    return any(
        line.startswith("  ret i64") and line != "  ret i64 0"
        for line in own[: own.index("\n}")].splitlines()
    )
