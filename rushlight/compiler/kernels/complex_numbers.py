"""Products of complex numbers: pairs of floats beside each other, several in a vector.

What ``passes/pairs.py`` makes a call of a reference rule, as a kernel: a call of NumPy for each of
them made z * z + c ten times slower than it need be.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous, steps_of
from rushlight.compiler.kernels.element import entry
from rushlight.compiler.kernels.nest import Row, loops, make_nest
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

# How many sources each has.
_SOURCES = {"mul": 2, "conj": 1, "cast": 1}
_PART = {"f32": ("float", 4), "f64": ("double", 8)}
_VECTOR_BYTES = 64


class _Form(Record):
    """What a kernel is written for. ``steps``: of each array from number to number in numbers, 1 or
    0, or -1 where the launch says it."""

    kind: str
    dtype: str  # of a part of the result
    source: str  # the dtype of what is read
    rank: int
    steps: tuple[int, ...]


def lower_complex(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch] | None:
    """The launch of a call of the rule of one primitive, or None where it has no kernel.

    Complex numbers are pairs (*, 2); what a cast reads are real ones (*).
    """
    if node.attrs["name"] != "of_pairs":
        return None
    name, inner, _, shape, dtype = node.attrs["params"]
    if name != "primitive" or inner[0] not in _SOURCES or out.dtype not in _PART:
        return None
    if any(each.dtype not in _PART for each in sources):
        return None
    cast = inner[0] == "cast"
    before: list[Launch] = []
    arrays, steps = [out], [steps_of(out)[:-1]]
    for each in sources:
        if not cast and each.strides[-1] != 1:
            copies, each = contiguous(each)
            before += copies
        arrays.append(each)
        steps.append(steps_of(each) if cast else steps_of(each)[:-1])
    width = 2 * out.itemsize
    nest = make_nest(out.shape[:-1], steps, len(arrays) * width)
    if not nest.chunks:
        return []
    near = tuple([{width: 1, 0: 0}.get(mine[-1], -1) for mine in nest.steps])
    made = _kernel(_Form(inner[0], out.dtype, sources[0].dtype, nest.rank, near))
    label = f"{inner[0]} {dtype.name}{shown(shape)}"
    pointers = tuple([each.ref for each in arrays])
    moved = len(arrays) * width * nest.size
    return [*before, Launch(made, pointers, nest.words, nest.chunks, 0, moved, label)]


@functools.lru_cache(maxsize=64)
def _kernel(form: _Form) -> Kernel:
    body = Body()
    count = 1 + _SOURCES[form.kind]
    arrays = body.words("%args", count, kind="ptr")
    together = _VECTOR_BYTES // (2 * _PART[form.dtype][1])
    with loops(body, form.rank, arrays, count) as row:
        start = row.start
        near = form.steps[0] == 1 and -1 not in form.steps and form.kind != "cast"
        for many in (together, 1) if near else (1,):
            whole = body.op(f"and i64 {body.sub(row.stop, start)}, {-many}")
            stop = body.add(start, whole)
            with body.loop(start, stop, str(many)) as index:
                _numbers(body, form, row, index, many)
            start = stop
    return kernel("complex", entry(body))


def _numbers(body: Body, form: _Form, row: Row, index: str, many: int) -> None:
    part, width = _PART[form.dtype]
    pair, kind = f"<2 x {part}>", f"<{2 * many} x {part}>"
    places = []
    for at, told, step in zip(row.at, row.steps, form.steps, strict=True):
        by = told if step < 0 or form.kind == "cast" else str(2 * width * step)
        places.append(body.at(at, body.mul(index, by)))
    if form.kind == "cast":
        body.store(pair, _from_real(body, form, places[1]), places[0], width)
        return
    values = []
    for place, step in zip(places[1:], form.steps[1:], strict=True):
        if step == 0 and many > 1:
            one = body.load(pair, place, width)
            values.append(_shuffled(body, pair, one, "poison", [0, 1] * many))
        else:
            values.append(body.load(kind, place, width))
    result = _computed(body, form.kind, kind, 2 * many, values)
    body.store(kind, result, places[0], width)


def _from_real(body: Body, form: _Form, place: str) -> str:
    (part, width), (given, wide) = _PART[form.dtype], _PART[form.source]
    value = body.load(given, place, wide)
    if width != wide:
        turn = "fptrunc" if width < wide else "fpext"
        value = body.op(f"{turn} {given} {value} to {part}")
    return body.op(f"insertelement <2 x {part}> zeroinitializer, {part} {value}, i32 0")


def _computed(body: Body, what: str, kind: str, count: int, values: list[str]) -> str:
    evens, alternate = range(0, count, 2), [k + count * (k % 2) for k in range(count)]
    if what == "conj":
        turned = body.op(f"fneg {kind} {values[0]}")
        return _shuffled(body, kind, values[0], turned, alternate)
    a, b = values
    real = _shuffled(body, kind, b, "poison", [k for k in evens for _ in range(2)])
    imaginary = _shuffled(body, kind, b, "poison", [k + 1 for k in evens for _ in range(2)])
    swapped = _shuffled(body, kind, a, "poison", [k + (1, -1)[k % 2] for k in range(count)])
    along = body.op(f"fmul {kind} {a}, {real}")
    across = body.op(f"fmul {kind} {swapped}, {imaginary}")
    less = body.op(f"fsub {kind} {along}, {across}")
    more = body.op(f"fadd {kind} {along}, {across}")
    return _shuffled(body, kind, less, more, alternate)


def _shuffled(body: Body, kind: str, left: str, right: str, lanes: list[int]) -> str:
    mask = ", ".join(f"i32 {lane}" for lane in lanes)
    picked = f"{kind} {left}, {kind} {right}, <{len(lanes)} x i32> <{mask}>"
    return body.op(f"shufflevector {picked}")
