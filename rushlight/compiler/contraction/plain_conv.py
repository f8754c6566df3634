"""Convolutions that no tile is made for (three spatial axes, reach beyond any slab): plain loops.

Each result is one sum, in one fixed order, with bounds tested tap by tap: correct for everything,
fast for nothing. The three directions differ only in which index is the result's.
"""

from __future__ import annotations

import functools
import math
from contextlib import ExitStack

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output, Place, column_steps, pointers
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.store import store_scalars
from rushlight.compiler.contraction.tile import ROW_BYTES, Tile
from rushlight.compiler.contraction.window import POINT, Axis
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.size import shown

_AXES = 3
_SIZES = ("images", "groups", "filters", "channels", "count", "per_chunk")
_AXIS = ("size", "taps", "out", "stride", "dilation", "low")
_WORDS = (
    *_SIZES,
    *(f"{name}{axis}" for axis in range(_AXES) for name in _AXIS),
    *(f"x{place}" for place in range(5)),
    *(f"w{place}" for place in range(5)),
    *(f"g{place}" for place in range(5)),
    *(f"r{place}" for place in range(5)),
    "bias_step",
)


def plain_conv(
    direction: str, x: Operand, w: Operand, g: Operand, axes: list[Axis], groups: int,
    epilogue: Epilogue,
) -> list[Launch]:  # fmt: skip
    """``direction``: which of x, w, g (the convolution's output) is written, from the other two."""
    out = {"x": x, "w": w, "g": g}[direction]
    missing = _AXES - len(axes)
    axes = [POINT] * missing + axes
    x, g = _widen(x, 1, missing), _widen(g, 1, missing)
    w = _widen(w, 2, missing)
    residual = None if epilogue.residual is None else _widen(epilogue.residual, 1, missing)
    count = math.prod(out.shape)
    terms = max(1, math.prod(w.shape) * math.prod(g.shape[:-1]) // count)
    per_chunk = max(1, min(count, 200_000 // terms))
    numbers = [x.shape[0], groups, w.shape[0] // groups, w.shape[1], count, per_chunk]
    for axis in axes:
        numbers += [axis.size, axis.taps, axis.out, axis.stride, axis.dilation, axis.low]
    for operand in (x, w, g, residual):
        numbers += [operand.step(place) for place in range(5)] if operand else [0] * 5
    numbers.append(epilogue.column_step)
    finish = Finish.of(out, epilogue)
    return [
        Launch(
            _kernel(Plain(direction, finish)),
            (x.ref, w.ref, g.ref, *pointers(epilogue)),
            tuple(numbers),
            chunks=-(-count // per_chunk),
            flops=2 * count * terms,
            bytes=sum(math.prod(one.shape) * one.itemsize for one in (x, w, g)),
            label=f"plain conv to {direction} {shown(x.shape)} {shown(w.shape)} {x.dtype}",
        )
    ]


def _widen(operand: Operand, place: int, count: int) -> Operand:
    shape, strides = operand.shape, operand.strides
    return Operand(
        operand.ref, operand.dtype,
        (*shape[:place], *[1] * count, *shape[place:]),
        (*strides[:place], *[0] * count, *strides[place:]),
    )  # fmt: skip


class Plain(Record):
    """What is in the kernel's text."""

    direction: str
    finish: Finish


@functools.lru_cache(maxsize=32)
def _kernel(spec: Plain) -> Kernel:
    finish = spec.finish
    dtype = values.register_dtype(finish.out)
    body = Body()
    pointers = 3 + len(finish.pointers)
    x, w, g, *others = body.words("%args", pointers, kind="ptr")
    word = dict(zip(_WORDS, body.words("%args", len(_WORDS), first=pointers), strict=True))
    bases = {"out": {"x": x, "w": w, "g": g}[spec.direction]}
    bases |= dict(zip(finish.pointers, others, strict=True))
    total = body.op(f"alloca {values.kind(dtype)}, align 8")
    table = body.op(f"alloca [{ROW_BYTES} x i8], align 8")
    stop = body.min(body.mul("%end", word["per_chunk"]), word["count"])
    channels = body.mul(word["channels"], word["groups"])
    filters = body.mul(word["filters"], word["groups"])
    outs = [word[f"out{axis}"] for axis in range(_AXES)]
    sizes = [word[f"size{axis}"] for axis in range(_AXES)]
    taps = [word[f"taps{axis}"] for axis in range(_AXES)]
    with body.loop(body.mul("%begin", word["per_chunk"]), stop) as number:
        shapes = {
            "g": [word["images"], *outs, filters],
            "x": [word["images"], *sizes, channels],
            "w": [filters, word["channels"], *taps],
        }
        own = _unravel(body, number, shapes[spec.direction])
        body.store(values.kind(dtype), "0.0", total)
        with ExitStack() as loops:

            def every(stop: str) -> str:
                return loops.enter_context(body.loop("0", stop))

            image = every(word["images"]) if spec.direction == "w" else own[0]
            if spec.direction == "g":
                filter_, here = own[4], own[1:4]
                tap = [every(count) for count in taps]
                channel = every(word["channels"])
                group = body.div(filter_, word["filters"])
            elif spec.direction == "x":
                group, channel = (
                    body.div(own[4], word["channels"]), body.rem(own[4], word["channels"])
                )  # fmt: skip
                tap = [every(count) for count in taps]
                # Which result met this input at this tap, if any did.
                here, exact = [], []
                for axis in range(_AXES):
                    reach = body.sub(
                        body.add(own[1 + axis], word[f"low{axis}"]),
                        body.mul(tap[axis], word[f"dilation{axis}"]),
                    )
                    place = body.op(f"sdiv i64 {reach}, {word[f'stride{axis}']}")
                    here.append(place)
                    back = body.mul(place, word[f"stride{axis}"])
                    exact.append(body.equal(back, reach))
                    exact.append(body.op(f"icmp ult i64 {place}, {outs[axis]}"))
                    exact.append(body.op(f"icmp sge i64 {reach}, 0"))
                for condition in exact:
                    loops.enter_context(body.when(condition))
                filter_ = body.add(body.mul(group, word["filters"]), every(word["filters"]))
            else:
                filter_, channel, tap = own[0], own[1], own[2:5]
                here = [every(count) for count in outs]
                group = body.div(filter_, word["filters"])
            inputs = []
            for axis in range(_AXES):
                place = body.add(
                    body.mul(here[axis], word[f"stride{axis}"]),
                    body.mul(tap[axis], word[f"dilation{axis}"]),
                )
                inputs.append(body.sub(place, word[f"low{axis}"]))
                inside = body.op(f"icmp ult i64 {inputs[-1]}, {sizes[axis]}")
                loops.enter_context(body.when(inside))
            wide = body.add(body.mul(group, word["channels"]), channel)
            at = {
                "x": _address(body, word, "x", x, [image, *inputs, wide]),
                "w": _address(body, word, "w", w, [filter_, channel, *tap]),
                "g": _address(body, word, "g", g, [image, *here, filter_]),
            }
            left, right = (
                values.load(body, finish.out, at[name]) for name in "xwg" if name != spec.direction
            )
            text = values.kind(dtype)
            product = body.op(f"fmul contract {text} {left}, {right}")
            old = body.load(text, total)
            body.store(text, body.op(f"fadd contract {text} {old}, {product}"), total)
        names = {"out": spec.direction, "residual": "r"}
        for name, offset in (("out", "8"), ("residual", "16")):
            place = _address(body, word, names[name], "null", [*own[:4], "0"])
            if spec.direction == "w" and name == "out":
                place = _address(body, word, "w", "null", own)
            body.store("i64", body.op(f"ptrtoint ptr {place} to i64"), body.at(table, offset))
        last = "w4" if spec.direction == "w" else f"{spec.direction}4"
        steps = {
            "out": word[last], "residual": word["r4"], **column_steps(finish, word["bias_step"])
        }  # fmt: skip
        column = "0" if spec.direction == "w" else own[4]
        place_ = Place(table, "1", column, "1", "true", "true")
        output = Output(bases, steps, "false")
        store_scalars(body, Tile(1, 1, 1, dtype), finish, output, total, place_)
    return kernel("plain_conv", entry(body))


def _unravel(body: Body, number: str, shape: list[str]) -> list[str]:
    """The index of element ``number`` in row-major order."""
    index = []
    for size in reversed(shape):
        index.append(body.rem(number, size))
        number = body.div(number, size)
    return index[::-1]


def _address(body: Body, word: dict[str, str], name: str, base: str, index: list[str]) -> str:
    for place, value in enumerate(index):
        base = body.at(base, body.mul(value, word[f"{name}{place}"]))
    return base
