"""Reductions, scans and sorting of many samples: the axes move up by one."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.batching.graph import Sources, rule, shifted


@rule("reduce")
def _(node: Node, sources: Sources) -> Node:
    return build.reduce(sources.full(0), node.attrs["kind"], shifted(node.attrs["axes"]))


@rule("scan")
def _(node: Node, sources: Sources) -> Node:
    return build.scan(sources.full(0), node.attrs["kind"], node.attrs["axis"] + 1)


@rule("argsort")
def _(node: Node, sources: Sources) -> Node:
    attrs = node.attrs
    return build.argsort(sources.full(0), attrs["axis"] + 1, attrs["descending"], attrs["tied"])


@rule("first_places")
def _(node: Node, sources: Sources) -> Node:
    axis, attrs = node.attrs["axis"], node.attrs
    count = node.shape[axis]
    return build.first_places(
        sources.full(0), axis + 1, count, attrs["descending"], attrs["ordered"]
    )
