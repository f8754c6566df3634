"""What moves elements: the cotangent goes back where they came from."""

from __future__ import annotations

import math

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import const, permute, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.formula import like, plus, scaled
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.table import Grads


@rule("reshape")
def _reshape_rule(g: Node, node: Node) -> Grads:
    return (reshape(g, node.src[0].shape),)


@rule("permute")
def _permute_rule(g: Node, node: Node) -> Grads:
    axes = node.attrs["axes"]
    return (permute(g, tuple(axes.index(axis) for axis in range(len(axes)))),)


@rule("expand")
def _expand_rule(g: Node, node: Node) -> Grads:
    shape = node.src[0].shape
    axes = tuple(axis for axis, size in enumerate(shape) if size != node.shape[axis])
    return (reshape(reduce(g, "sum", axes), shape),)


@rule("slice")
def _slice_rule(g: Node, node: Node) -> Grads:
    source = node.src[0]
    start, step = node.attrs["start"], node.attrs["step"]
    if all(each == 1 for each in step):
        hi = tuple(
            size - first - count
            for size, first, count in zip(source.shape, start, g.shape, strict=True)
        )
        return (build.pad(g, start, hi, 0),)
    return (build.slice_set(like(source, 0), g, start, step),)


@rule("pad")
def _pad_rule(g: Node, node: Node) -> Grads:
    shape = node.src[0].shape
    return (build.slice(g, node.attrs["lo"], shape, (1,) * len(shape)),)


@rule("cat")
def _cat_rule(g: Node, node: Node) -> Grads:
    axis, first = node.attrs["axis"], 0
    parts: list[Node] = []
    for source in node.src:
        start = tuple(first if k == axis else 0 for k in range(g.ndim))
        parts.append(build.slice(g, start, source.shape, (1,) * g.ndim))
        first += source.shape[axis]
    return tuple(parts)


def strided_places(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Node:
    """The flat place (int64) of each element of a strided window."""
    places = const(offset, shape, int64)
    for axis, stride in enumerate(strides):
        along = build.iota(shape, axis)
        places = plus(places, scaled(along, stride))
    return places


@rule("as_strided")
def _as_strided_rule(g: Node, node: Node) -> Grads:
    # Places may overlap, so cotangents are summed by place.
    flat = node.src[0]
    places = strided_places(node.shape, node.attrs["strides"], node.attrs["offset"])
    zeros = like(flat, 0)
    size = (math.prod(node.shape),)
    return (build.put(zeros, reshape(places, size), reshape(g, size), 0, "add"),)


@rule("slice_set")
def _slice_set_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    start, step = node.attrs["start"], node.attrs["step"]
    taken = build.slice(g, start, y.shape, step)
    return build.slice_set(g, const(0, y.shape, y.dtype), start, step), taken


@rule("as_strided_set")
def _as_strided_set_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    strides, offset = node.attrs["strides"], node.attrs["offset"]
    rest = build.as_strided_set(g, const(0, y.shape, y.dtype), strides, offset)
    return rest, build.as_strided(g, y.shape, strides, offset)
