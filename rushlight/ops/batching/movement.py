"""Movement, updates and indexing of many samples: axes move up by one."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.batching.graph import Sources, rule, shifted


@rule("reshape")
def _(node: Node, sources: Sources) -> Node:
    return build.reshape(sources.full(0), (sources.size, *node.shape))


@rule("permute")
def _(node: Node, sources: Sources) -> Node:
    return build.permute(sources.full(0), (0, *shifted(node.attrs["axes"])))


@rule("expand")
def _(node: Node, sources: Sources) -> Node:
    return build.expand(sources.full(0), (sources.size, *node.shape))


@rule("slice")
def _(node: Node, sources: Sources) -> Node:
    start, step = node.attrs["start"], node.attrs["step"]
    shape = (sources.size, *node.shape)
    return build.slice(sources.full(0), (0, *start), shape, (1, *step))


@rule("pad")
def _(node: Node, sources: Sources) -> Node:
    attrs = node.attrs
    return build.pad(sources.full(0), (0, *attrs["lo"]), (0, *attrs["hi"]), attrs["value"])


@rule("cat")
def _(node: Node, sources: Sources) -> Node:
    return build.cat(sources.all_full(), node.attrs["axis"] + 1)


@rule("as_strided")
def _(node: Node, sources: Sources) -> Node:
    flat, attrs = sources.full(0), node.attrs
    strides = (flat.shape[1], *attrs["strides"])
    return build.as_strided(flat, (sources.size, *node.shape), strides, attrs["offset"])


@rule("slice_set")
def _(node: Node, sources: Sources) -> Node:
    start, step = node.attrs["start"], node.attrs["step"]
    return build.slice_set(sources.full(0), sources.full(1), (0, *start), (1, *step))


@rule("as_strided_set")
def _(node: Node, sources: Sources) -> Node:
    flat, attrs = sources.full(0), node.attrs
    strides = (flat.shape[1], *attrs["strides"])
    return build.as_strided_set(flat, sources.full(1), strides, attrs["offset"])


# Indexing: an index out of its sample's range must stay an error, so samples are never laid end
# to end; what is indexed by every sample anew goes through gather and scatter.


def _with_site(node: Node, made: Node) -> Node:
    return Node(
        made.op, made.src, made.shape, made.dtype, {**made.attrs, "site": node.attrs["site"]}
    )


def _places(node: Node, index: Node, shape: tuple[int, ...], axis: int) -> Node:
    """A batched index (B, *I) of ``take`` as gather's: (B, *before, I flat, *after)."""
    size, count = index.shape[0], index.size // index.shape[0]
    before, after = shape[:axis], shape[axis + 1 :]
    thin = build.reshape(index, (size, *(1,) * len(before), count, *(1,) * len(after)))
    return build.expand(thin, (size, *before, count, *after))


@rule("take")
def _(node: Node, sources: Sources) -> Node:
    axis = node.attrs["axis"]
    source = node.src[0]
    if not sources.batched[1]:
        return _with_site(node, build.take(sources.full(0), sources.nodes[1], axis + 1))
    if not sources.batched[0]:
        # (before, B, *I, after): the samples come to the front.
        made = _with_site(node, build.take(sources.nodes[0], sources.nodes[1], axis))
        rest = [k for k in range(made.ndim) if k != axis]
        return build.permute(made, (axis, *rest))
    places = _places(node, sources.nodes[1], source.shape, axis)
    made = _with_site(node, build.gather(sources.nodes[0], places, axis + 1))
    return build.reshape(made, (sources.size, *node.shape))


@rule("put")
def _(node: Node, sources: Sources) -> Node:
    axis, mode = node.attrs["axis"], node.attrs["mode"]
    target = node.src[0]
    if not sources.batched[1]:
        into, values = sources.full(0), sources.full(2)
        return _with_site(node, build.put(into, sources.nodes[1], values, axis + 1, mode))
    places = _places(node, sources.nodes[1], target.shape, axis)
    values = build.reshape(sources.full(2), places.shape)
    return _with_site(node, build.scatter(sources.full(0), places, values, axis + 1, mode))


@rule("gather")
def _(node: Node, sources: Sources) -> Node:
    made = build.gather(sources.full(0), sources.full(1), node.attrs["axis"] + 1)
    return _with_site(node, made)


@rule("scatter")
def _(node: Node, sources: Sources) -> Node:
    target, index, values = sources.all_full()
    made = build.scatter(target, index, values, node.attrs["axis"] + 1, node.attrs["mode"])
    return _with_site(node, made)
