"""Images whose channels do not lie together, copied for convolutions of each channel alone.

    conv(permute(x), w), a group a channel  ->  conv(cast(permute(x)), w), cast to what it is

Vectors of such a convolution go along channels, and it reads each pixel for every tap. Others pack
what they read in any case. A cast is a kernel that transposes tile by tile, and takes up what is
computed before it.
"""

from __future__ import annotations

from rushlight.base.dtype import float32, float64
from rushlight.compiler.views import window
from rushlight.ir.graph import Node, toposort

# Which sources of a convolution are images.
_IMAGES = {"conv": (0,), "conv_input_grad": (0,), "conv_weight_grad": (0, 1)}


def channels(sinks: list[Node]) -> list[Node]:
    """The graph with such copies."""
    order = toposort(sinks)
    if not any(_is_alone(node) for node in order):
        return sinks
    new: dict[Node, Node] = {}
    copies: dict[Node, Node] = {}
    for node in order:
        src = [new[source] for source in node.src]
        for place in _IMAGES[node.op] if _is_alone(node) else ():
            image = src[place]
            if window(image)[2][-1] != 1:
                if image not in copies:
                    copies[image] = Node("cast", (image,), image.shape, image.dtype)
                src[place] = copies[image]
        same = all(old is source for old, source in zip(node.src, src, strict=True))
        new[node] = node if same else Node(node.op, tuple(src), node.shape, node.dtype, node.attrs)
    return [new[sink] for sink in sinks]


def _is_alone(node: Node) -> bool:
    """Whether ``node`` is a convolution of many channels with one filter each."""
    if node.op not in _IMAGES or node.dtype not in (float32, float64):
        return False
    weight = node if node.op == "conv_weight_grad" else node.src[1]
    groups: int = node.attrs["groups"]
    return groups > 1 and weight.shape[:2] == (groups, 1)
