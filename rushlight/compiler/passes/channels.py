"""Images whose channels do not lie together, copied for convolutions that want them to.

    conv(permute(x), w)  ->  conv(cast(permute(x)), w), cast to what it is

Vectors of a convolution go along channels. From planes it gathers them pixel by pixel, and what
packs nothing (each channel alone, one tap) or transforms its input (Winograd) is not taken at all:
3 x 3 over 64 channels at 56 x 56 takes 8.9 ms from planes and 4.9 from channels, 1 x 1 over 256
channels 13 and 3.5. A cast is a kernel that transposes in squares, and takes up what is computed
before it: 0.2 ms here. Of few channels (three colours) planes are read as they are, which packing
finds side by side, but for patches that do not overlap, where little else is to be done.
"""

from __future__ import annotations

from rushlight.base.dtype import float32, float64
from rushlight.compiler.views import window
from rushlight.ir.graph import Node, toposort

# Channels of an image from which on they fill a vector.
MANY = 16
# Which sources of a convolution are images.
_IMAGES = {"conv": (0,), "conv_input_grad": (0,), "conv_weight_grad": (0, 1)}


def channels(sinks: list[Node]) -> list[Node]:
    """The graph with such copies."""
    order = toposort(sinks)
    if not any(_takes_images(node) for node in order):
        return sinks
    new: dict[Node, Node] = {}
    copies: dict[Node, Node] = {}
    for node in order:
        src = [new[source] for source in node.src]
        for place in _IMAGES[node.op] if _takes_images(node) else ():
            image = src[place]
            if _wants_channels(node, image) and window(image)[2][-1] != 1:
                if image not in copies:
                    copies[image] = Node("cast", (image,), image.shape, image.dtype)
                src[place] = copies[image]
        same = all(old is source for old, source in zip(node.src, src, strict=True))
        new[node] = node if same else Node(node.op, tuple(src), node.shape, node.dtype, node.attrs)
    return [new[sink] for sink in sinks]


def _takes_images(node: Node) -> bool:
    return node.op in _IMAGES and node.dtype in (float32, float64)


def _wants_channels(node: Node, image: Node) -> bool:
    """Whether a copy is worth its time: many channels, one filter each, or patches side by side."""
    channels: int = image.shape[-1]
    weight = node if node.op == "conv_weight_grad" else node.src[1]
    groups: int = node.attrs["groups"]
    if channels >= MANY or (groups > 1 and weight.shape[:2] == (groups, 1)):
        return True
    taps = weight.shape[2:]
    return channels > 1 and max(taps) > 1 and tuple(node.attrs["stride"]) == tuple(taps)
