"""Gradients of max pools whose windows lie side by side find the largest themselves."""

from __future__ import annotations

from rushlight.compiler.kernels.pool_window import Window, padding_before, side_by_side
from rushlight.ir import build
from rushlight.ir.graph import Node


def tiled_pool(node: Node) -> Node:
    """kind max: (g, places) -> kind top: (g, x), so that places, 8 bytes each, are not written.

    Only where each element of x is in one window at most: it is read once, as for the places.
    """
    attrs = node.attrs
    if attrs["kind"] != "max" or node.src[1].op != "pool" or not node.dtype.is_floating_point:
        return node
    g, places = node.src
    names = ("window", "stride", "padding", "dilation")
    same = all(places.attrs[name] == attrs[name] for name in names)
    behind = any(hi for _, hi in attrs["padding"])
    if behind or not same or not side_by_side(Window.of(attrs), padding_before(attrs)):
        return node
    given = tuple([attrs[name] for name in names])
    return build.pool_input_grad("top", (g, places.src[0]), node.shape, *given)
