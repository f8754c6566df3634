"""Input gradients with wide strides, as convolutions whose channels are the places of a stride.

    conv_input_grad(g, w), stride s  ->  reshape(conv(g, w')), w' with s times the channels

Inputs a stride apart meet the same taps of neighbouring gradients. A kernel for each of the s
phases has few channels each and reads all gradients again: for 400 taps in steps of 160 that are
320 launches, 3.8 ms for 0.25. Here all phases are channels of one convolution without steps, and
what it writes is the gradient in order (with two axes, but for a transposition). Transposed
convolutions are the same: a decoder's to one channel, patches of 16 x 16.
"""

from __future__ import annotations

from math import prod

from rushlight.compiler.passes.channels import MANY
from rushlight.ir import build
from rushlight.ir.build import Pairs, const, permute, reshape
from rushlight.ir.graph import Node, rebuilt, toposort

Shape = tuple[int, ...]
# Phases of an axis that other kernels take at once, and of all axes that fill them one by one.
_FEW_PHASES, _MANY_PHASES = 4, 64


def strides(sinks: list[Node]) -> list[Node]:
    """The graph with such convolutions."""
    order = toposort(sinks)
    if not any(_is_wide(node) for node in order):
        return sinks
    new: dict[Node, Node] = {}
    for node in order:
        new[node] = rebuilt(node, [new[source] for source in node.src])
        if _is_wide(node):
            new[node] = _phases_as_channels(new[node])
    return [new[sink] for sink in sinks]


def _is_wide(node: Node) -> bool:
    if node.op != "conv_input_grad" or node.attrs["groups"] != 1 or not node.size:
        return False
    stride = node.attrs["stride"]
    if max(stride) <= _FEW_PHASES or max(node.attrs["dilation"]) > 1 or 0 in node.src[0].shape:
        return False
    return prod(stride) >= _MANY_PHASES or node.shape[-1] < MANY


def _phases_as_channels(node: Node) -> Node:
    g, w = node.src
    stride, taps = node.attrs["stride"], w.shape[2:]
    axes = range(len(stride))
    n, channels = node.shape[0], node.shape[-1]
    most = tuple(-(-taps[axis] // stride[axis]) for axis in axes)
    made = _parts(g, w, stride, most, (), 0)  # (N, *B, *strides, C)
    order = [place for axis in axes for place in (1 + axis, 1 + len(stride) + axis)]
    blocks = made.shape[1 : 1 + len(stride)]
    sizes = tuple(block * step for block, step in zip(blocks, stride, strict=True))
    whole = reshape(permute(made, (0, *order, made.ndim - 1)), (n, *sizes, channels))
    return _cropped(whole, node.shape, node.attrs["padding"])


def _parts(
    g: Node, w: Node, stride: Shape, most: Shape, chosen: tuple[Shape, ...], axis: int
) -> Node:
    """Phases with as many taps as each other are one convolution: up to two kinds along an axis.

    ``chosen``: (first phase, phases, taps) of the axes before this one.
    """
    if axis == len(stride):
        return _part(g, w, stride, most, chosen)
    taps = w.shape[2 + axis]
    rest = taps % stride[axis]
    kinds = [(0, rest, most[axis]), (rest, stride[axis] - rest, taps // stride[axis])]
    parts = [_parts(g, w, stride, most, (*chosen, kind), axis + 1) for kind in kinds if kind[1]]
    return build.cat(parts, 1 + len(stride) + axis)


def _part(g: Node, w: Node, stride: Shape, most: Shape, chosen: tuple[Shape, ...]) -> Node:
    """Some phases of each axis: (N, *blocks, *phases, C)."""
    axes = range(len(stride))
    filters, channels = w.shape[:2]
    blocks = tuple(g.shape[1 + axis] + most[axis] - 1 for axis in axes)
    phases, taps = tuple(one[1] for one in chosen), tuple(one[2] for one in chosen)
    shape = (g.shape[0], *blocks, *phases, channels)
    if 0 in taps:
        return const(0, shape, g.dtype)
    for axis in axes:
        # Tap j * stride + phase, the last j first: each is a row of the phases that are wanted.
        rows = [
            _slice(w, 2 + axis * 2, j * stride[axis] + chosen[axis][0], phases[axis])
            for j in reversed(range(taps[axis]))
        ]
        stacked = [
            reshape(row, (*row.shape[: 2 + axis * 2], 1, *row.shape[2 + axis * 2 :]))
            for row in rows
        ]
        w = build.cat(stacked, 2 + axis * 2)
    # (K, C, taps, phases, taps, phases, ...)
    order = (*(3 + 2 * axis for axis in axes), 1, 0, *(2 + 2 * axis for axis in axes))
    w = reshape(permute(w, order), (prod(phases) * channels, filters, *taps))
    padding: Pairs = tuple((taps[axis] - 1, most[axis] - 1) for axis in axes)
    ones = (1,) * len(stride)
    return reshape(build.conv(g, w, ones, padding, ones), shape)


def _slice(x: Node, axis: int, start: int, count: int) -> Node:
    begin = tuple(start if place == axis else 0 for place in range(x.ndim))
    shape = tuple(count if place == axis else size for place, size in enumerate(x.shape))
    return build.slice(x, begin, shape, (1,) * x.ndim)


def _cropped(x: Node, shape: Shape, padding: Pairs) -> Node:
    """What the padding was is left out, what no window reached is 0."""
    for axis, (low, _) in enumerate(padding, 1):
        there = max(0, min(shape[axis], x.shape[axis] - low))
        x = _slice(x, axis, min(low, x.shape[axis] - there), there)
        end = tuple(shape[axis] - there if place == axis else 0 for place in range(x.ndim))
        x = build.pad(x, (0,) * x.ndim, end, 0)
    return x
