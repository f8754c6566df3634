"""Products, convolutions and pools of many samples.

B samples of (N, *S, C) are one batch of B * N where the weights are the same for all; where they
differ they are B groups of channels.
"""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.batching.graph import Sources, rule


@rule("dot")
def _(node: Node, sources: Sources) -> Node:
    a, b = sources.nodes
    if not sources.batched[1] and b.ndim == 2:  # the rows of all samples times one matrix
        size, rows, depth = a.shape
        tall = build.dot(build.reshape(a, (size * rows, depth)), b)
        return build.reshape(tall, (size, *node.shape))
    return build.dot(sources.full(0), sources.full(1))


def _together(x: Node) -> Node:
    """(B, N, ...) -> (B * N, ...)."""
    return build.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _apart(x: Node, size: int) -> Node:
    """(B * N, ...) -> (B, N, ...)."""
    return build.reshape(x, (size, x.shape[0] // size, *x.shape[1:]))


def _into_channels(x: Node) -> Node:
    """(B, N, *S, C) -> (N, *S, B * C)."""
    last = x.ndim - 1
    moved = build.permute(x, (*range(1, last), 0, last))
    return build.reshape(moved, (*moved.shape[:-2], moved.shape[-2] * moved.shape[-1]))


def _from_channels(x: Node, size: int) -> Node:
    """(N, *S, B * C) -> (B, N, *S, C)."""
    split = build.reshape(x, (*x.shape[:-1], size, x.shape[-1] // size))
    last = split.ndim - 1
    return build.permute(split, (last - 1, *range(last - 1), last))


@rule("conv", "conv_input_grad")
def _(node: Node, sources: Sources) -> Node:
    attrs, size = node.attrs, sources.size
    if not sources.batched[1]:
        x = _together(sources.full(0))
        shape = (size * node.shape[0], *node.shape[1:])
        return _apart(Node(node.op, (x, sources.nodes[1]), shape, node.dtype, attrs), size)
    x, w = _into_channels(sources.full(0)), _together(sources.full(1))
    shape = (*node.shape[:-1], size * node.shape[-1])
    grouped = {**attrs, "groups": attrs["groups"] * size}
    return _from_channels(Node(node.op, (x, w), shape, node.dtype, grouped), size)


@rule("conv_weight_grad")
def _(node: Node, sources: Sources) -> Node:
    attrs, size = node.attrs, sources.size
    g, x = _into_channels(sources.full(0)), _into_channels(sources.full(1))
    shape = (size * node.shape[0], *node.shape[1:])
    grouped = {**attrs, "groups": attrs["groups"] * size}
    return _apart(Node(node.op, (g, x), shape, node.dtype, grouped), size)


@rule("pool", "pool_input_grad")
def _(node: Node, sources: Sources) -> Node:
    src = tuple(map(_together, sources.all_full()))
    shape = (sources.size * node.shape[0], *node.shape[1:])
    return _apart(Node(node.op, src, shape, node.dtype, node.attrs), sources.size)
